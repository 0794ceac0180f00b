"""States of Slurm jobs, as Slurm's commands print them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.executors.slurm_queue import JobState, parse_states


@pytest.mark.parametrize(
    ("line", "element", "state"),
    [
        ("42_1|RUNNING|None", "42_1", JobState("RUNNING")),
        ("42_1|PENDING|Priority", "42_1", JobState("PENDING", "Priority")),
        ("42_[3-9%2]|PENDING|(Resources)", "42_[3-9%2]", JobState("PENDING", "Resources")),
        ("42_1|CANCELLED by 1000|", "42_1", JobState("CANCELLED")),
        ("42_1|CANCELLED+|", "42_1", JobState("CANCELLED")),
        ("  42_1   OUT_OF_ME+  ", "", None),
        ("42 FAILED 1:0", "42", JobState("FAILED", "1:0")),
        ("42_1.batch|FAILED|", "", None),
        ("JOBID|STATE|REASON", "", None),
    ],
)
def test_a_line_gives_the_state_of_an_element(line, element, state):
    assert parse_states(line) == ({element: state} if state else {})


@given(st.text())
def test_any_text_can_be_parsed(text):
    parse_states(text)
