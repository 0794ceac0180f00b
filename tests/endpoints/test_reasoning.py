"""Only a block that opens a response is reasoning; tags elsewhere are text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.endpoints.reasoning import answer_start


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("plain", "plain"),
        ("<think>hm</think>yes", "yes"),
        ("\n <thinking>hm</thinking>\n yes", "\n yes"),
        ("[THINK]hm[/THINK]yes", "yes"),
        ("◁think▷hm◁/think▷yes", "yes"),
        ("<think> hm </think> yes", " yes"),
        ("hm\n</think>\n\nyes", "\n\nyes"),
        ("hm</think>yes", "yes"),
        ("<think>it has </think>\nScore: 9, so no\n</think>\nyes", "\nyes"),
        ("the comment '# <think>' is odd. yes", "the comment '# <think>' is odd. yes"),
        ("the comment '</think>' is odd. yes", "the comment '</think>' is odd. yes"),
        ("<think>hm</think>the tag `<think>` is odd", "the tag `<think>` is odd"),
        ('{"why": "a\n</think>\nb", "score": 2}', '{"why": "a\n</think>\nb", "score": 2}'),
        ("<think>hm", None),
        ("<think>hm</think><think>hm", None),
    ],
)
def test_the_answer_starts_after_the_reasoning(text, answer):
    start = answer_start(text)
    assert (None if start is None else text[start:]) == answer


@given(st.text().filter(lambda text: not text.lstrip().startswith(("<", "[", "◁"))))
def test_a_tag_within_a_sentence_is_text(text):
    before = text.replace("think", "")
    assert answer_start(f"The answer has ' <think> ' in it. {before}") == 0
