"""Every judge interface passes the same checks."""

from dataclasses import replace

import pytest

from themis_rm.models.judges.interface import JUDGES
from themis_rm.models.judges.parsing import ParsedScore
from themis_rm.testing.judges import check_judge_interface

EXAMPLES = {
    "rubric": [("Fine.\n\nScore: 7", 7.0)],
    "ce-rm": [("Overall: \\boxed{7.5}", 7.5)],
    "nemotron-genrm": [("Final Judgment: Yes", 1.0), ("Final Judgment: No", 0.0)],
    "lmunit": [('{"score": 4}', 4.0)],
    "r3": [('{"explanation": "Fine.", "score": 4}', 4.0)],
}


@pytest.mark.parametrize("name", JUDGES.names())
def test_it_passes_the_checks(name):
    check_judge_interface(JUDGES.get(name), EXAMPLES[name])


def test_a_faulty_parser_fails_the_checks():
    faulty = replace(JUDGES.get("rubric"), parse=lambda _: ParsedScore(1.0, 0, 1))
    with pytest.raises(AssertionError, match="is parsed as"):
        check_judge_interface(faulty, EXAMPLES["rubric"])
