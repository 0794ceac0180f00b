"""Score lines: the forms that chat models write are read, and nothing that may mean another score is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.models.judges.answers import OUT_OF_RANGE, PARSE_FAILED
from themis_rm.models.judges.parsing import parse_score_line

FORMS = [
    "Score: {}",
    "**Score: {}**",
    "**Score:** {}",
    "Score: **{}**/9",
    "### Score: {}",
    "### Score\n\n{}",
    "Score: {} out of 9",
    "Score: {} / 9 points.",
    "Score - {}",
    "Score = {}",
    "Score → {}",
    "Final Score: {}",
    "The final score is {}.",
    "Thus, my overall score is: **{}**",
    "Rating: {}",
    "Overall grade: {}",
    "Verdict: {}!",
    "Score (1-9): {}",
    "Score: [{}]",
    "Score: <{}>",
    "<score>{}</score>",
    "Score: \\boxed{{{}}}",
    "\\boxed{{{}}}",
    "$\\boxed{{{}/9}}$",
    "| **Score** | **{}** |",
    "- Score: {}",
    '"Score: {}"',
    "```\nScore: {}\n```",
    '{{"review": "Fine.", "score": {}}}',
    "```json\n{{'score': {}}}\n```",
    "I would give it {}/9.",
    "Score: {} (only minor flaws)",
    "Score: {}. It is easy to read.",
    "Score: {}<|im_end|>",
    "Score: {}\n\nI hope that this helps.",
    "Score: {}\r\n\r\nLet me know if anything is unclear!",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("reasons", ["", "It frees x twice (line 3).\n\n"])
def test_a_form_with_one_meaning_is_read(form, reasons):
    assert [parse_score_line(reasons + form.format(score)).value for score in (1, 7, 9)] == [1, 7, 9]


@pytest.mark.parametrize(("written", "value"), [("7,5", 7.5), ("7.25", 7.25), ("７", 7)])
def test_numbers(written, value):
    assert parse_score_line(f"Score: {written}").value == value


AMBIGUOUS = [
    "Score: 6-7",
    "Score: 6–7",
    "Score: 7 - 8",
    "Score: 7 to 8",
    "Score: 7 or 8",
    "Score: 7 or eight",
    "Score: 7, 8",
    "Score: 7, possibly eight",
    "Score: between 6 and 7",
    "Score: 7 → 8",
    "Score: 7/10",
    "Score: 7 out of 10",
    "Score: 7 (out of 10)",
    "Score: 7 / 9 / 10",
    "Score: 7+",
    "Score: 7%",
    "Score: 7?",
    "Score: ~7",
    "Score: ~~7~~",
    "Score: >7",
    "Score: <7",
    "Score: 1,000",
    "Score: 7.8.9",
    "Score: 7e0",
    "Score: 7 bugs",
    "Score: 9 if it compiled",
    "| Score | 7 | 8 |",
    "\\boxed{6} \\boxed{7}",
    "I would give it 7/10",
    "The comment says 'Score: 9'.",
    '"Score: 9" is what it says.',
    "Score: 6\nScore: 7\nI hope that this helps.",
    "Score: 7\n\nActually it deserves less.",
    "Score: 7\n\nScore: none",
]


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_a_form_with_several_meanings_is_a_failure(text):
    assert parse_score_line(f"Reasons.\n\n{text}").failure == PARSE_FAILED


@pytest.mark.parametrize("text", ["Score: 10", "Score: 0", "Score: -7", "Rating: 70", '{"score": 11}'])
def test_a_score_outside_of_the_scale_is_a_failure(text):
    assert parse_score_line(text).failure == OUT_OF_RANGE


NUMBERS = st.sampled_from("123456789")


@given(st.sampled_from(FORMS), NUMBERS, st.sampled_from(FORMS), NUMBERS)
def test_of_two_forms_the_last_counts_or_none(first, one, second, other):
    parsed = parse_score_line(f"{first.format(one)}\n\n{second.format(other)}")
    assert parsed.value in {None, float(other)}


@given(NUMBERS, st.sampled_from(["-", "–", " to ", " or ", ", ", "/", " / ", ":", ";", " vs ", "..", " and "]), NUMBERS)
def test_two_numbers_are_never_read_as_one(one, between, other):
    parsed = parse_score_line(f"Score: {one}{between}{other}")
    assert parsed.value is None or (other == "9" and between.strip() == "/")
