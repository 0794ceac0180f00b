"""Strict parsing: all golden cases, known errors of published parsers, and arbitrary text."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.conftest import ROOT

from themis_rm.models.judges.parsing import (
    OUT_OF_RANGE,
    PARSE_FAILED,
    UNCLOSED_REASONING,
    parse_boxed,
    parse_explained,
    parse_score_line,
    parse_unit_test,
    parse_verdict,
)

GOLDENS = ROOT / "tests" / "goldens" / "generative"
PARSERS = {"cerm": parse_boxed, "lmunit": parse_unit_test, "r3": parse_explained}
SCALES = {
    parse_score_line: (1, 9),
    parse_boxed: (0, 10),
    parse_verdict: (0, 1),
    parse_unit_test: (1, 5),
    parse_explained: (1, 5),
}


def golden(family):
    for case in json.loads((GOLDENS / family / "parsing.json").read_text())["cases"]:
        parsed = case["parsed"]
        if isinstance(parsed, dict):
            parsed = None if parsed["parse_failed"] else parsed["score"]
        yield case["output"], parsed


CASES = [(family, *case) for family in PARSERS for case in golden(family)]

DIFFERENT = {
    # The last box contains no score: an earlier one is the score of a criterion, not the overall score.
    ("cerm", "c1 \\boxed{4} overall \\boxed{7.25}"): PARSE_FAILED,
    ("cerm", "c1 \\boxed{4}, overall \\boxed{8/10}"): PARSE_FAILED,
    ("cerm", "\\boxed{6}\n\\boxed{7}\n\\boxed{}"): PARSE_FAILED,
    # Outside of the scale.
    ("cerm", "\\boxed{11}"): OUT_OF_RANGE,
    ("cerm", "\\boxed{100}"): OUT_OF_RANGE,
    ("lmunit", '{"score": 7}'): OUT_OF_RANGE,
    ("lmunit", '{"score": -2}'): OUT_OF_RANGE,
    ("lmunit", '{"score": 0}'): OUT_OF_RANGE,
    ("r3", '{"score": 9}'): OUT_OF_RANGE,
    ("r3", '{"score": 0}'): OUT_OF_RANGE,
    ("r3", '{"score": -1}'): OUT_OF_RANGE,
    ("r3", "Score: 10/10"): PARSE_FAILED,
    # Not a number.
    ("lmunit", '{"score": NaN}'): PARSE_FAILED,
    ("lmunit", '{"score": true}'): PARSE_FAILED,
    ("r3", '{"score": true}'): PARSE_FAILED,
    # A digit of the text that is not a score.
    ("lmunit", "The code is O(1) fast"): PARSE_FAILED,
    ("lmunit", 'In 2 of 3 cases it works. {"rating": 5}'): PARSE_FAILED,
    # Written in the reasoning.
    ("r3", '<think>{"score": 1}'): UNCLOSED_REASONING,
    # Of several scores the last one counts, as for boxes.
    ("lmunit", 'Sure! {"score": 1}{"score": 5}'): 5.0,
    ("r3", '{"score": 2} then {"score": 5}'): 5.0,
    ("r3", "Functional correctness score: 2. Final score: 5"): 5.0,
}
"""Golden cases in which the published code is wrong, with the correct result."""


def outcome(parsed):
    return parsed.failure or parsed.value


@pytest.mark.parametrize(("family", "output", "expected"), CASES)
def test_goldens(family, output, expected):
    parsed = PARSERS[family](output)
    if (family, output) in DIFFERENT:
        assert outcome(parsed) == DIFFERENT[family, output] != expected
    else:
        assert parsed.value == expected


def test_the_goldens_are_complete():
    assert len(CASES) == 98
    assert len(DIFFERENT) == 21
    assert set(DIFFERENT) <= {(family, output) for family, output, _ in CASES}


def test_a_pair_with_a_failed_response_is_not_a_tie():
    pairs = json.loads((GOLDENS / "r3" / "pairs.json").read_text())
    for side in ("chosen", "rejected"):
        scores = [parse_explained(text) for text in pairs[f"outputs_{side}"]]
        assert [parsed.value for parsed in scores] == [pair[f"{side}_score"] for pair in pairs["results"]]
        assert [bool(parsed.failure) for parsed in scores] == [
            pair[f"{side}_parse_failed"] for pair in pairs["results"]
        ]


@pytest.mark.parametrize(
    ("parse", "text", "expected"),
    [
        (parse_score_line, "Reads past the end.\n\nScore: 3", 3.0),
        (parse_score_line, "**Score: 7**", 7.0),
        (parse_score_line, "Score: 7/9.", 7.0),
        (parse_score_line, "Score: 6<|im_end|>\n", 6.0),
        (parse_score_line, "Score: 10", OUT_OF_RANGE),
        (parse_score_line, "Score: 0", OUT_OF_RANGE),
        (parse_score_line, "Score: 8/10", PARSE_FAILED),
        (parse_score_line, "Score: 7\nThe code is O(1).", PARSE_FAILED),
        (parse_score_line, "Its author writes 'Score: 9'.", PARSE_FAILED),
        (parse_score_line, "<think>Score: 2</think>\nScore: 5", 5.0),
        (parse_score_line, "Score: 2</think>\nScore: 5", 5.0),
        (parse_score_line, "Score: 2</think>", PARSE_FAILED),
        (parse_score_line, "<think>\nScore: 2", UNCLOSED_REASONING),
        (parse_score_line, "<think>a</think>Score: 3 <think>\nScore: 2", 2.0),
        (parse_score_line, "<think>a</think><think>\nScore: 2", UNCLOSED_REASONING),
        (parse_score_line, "", PARSE_FAILED),
        (parse_boxed, "\\boxed{7.0}", 7.0),
        (parse_boxed, "\\boxed{10.5}", OUT_OF_RANGE),
        (parse_verdict, "Final Judgment: Yes", 1.0),
        (parse_verdict, "Final Judgment: **No**.", 0.0),
        (parse_verdict, "Yes, it does. Final judgment: No<|im_end|>", 0.0),
        (parse_verdict, "Yes and No: maybe", PARSE_FAILED),
        (parse_verdict, "There is a piano", PARSE_FAILED),
        (parse_verdict, "<think>Yes", UNCLOSED_REASONING),
        (parse_verdict, "<think>Yes</think>", PARSE_FAILED),
        (parse_unit_test, '{"score": 5, "why": "he said \\"score\\": 2"}', 5.0),
        (parse_unit_test, '{"score": 4, "parts": {"score": 2}}', 4.0),
        (parse_unit_test, '{"parts": {"score": 2}, "score": 4}', 4.0),
        (parse_unit_test, '{"score": [4]}', PARSE_FAILED),
        (parse_unit_test, '{"score": {"a": 4, "b": 5}}', PARSE_FAILED),
        (parse_unit_test, "score: 4-5", PARSE_FAILED),
        (parse_unit_test, "score: 4 out of 10", PARSE_FAILED),
        (parse_unit_test, "score: 4 out of 5", 4.0),
        (parse_unit_test, '{"score": 4} {"verdict": "fine"}', 4.0),
        (parse_unit_test, '{"score": 4} then {"score": "none"}', PARSE_FAILED),
        (parse_explained, "Rating: 80%", PARSE_FAILED),
        (parse_explained, "总评分：4分", 4.0),
        (parse_explained, "The code is O(1) fast", PARSE_FAILED),
        (parse_explained, "score: 8/10", PARSE_FAILED),
        (parse_explained, '{"explanation": "unclosed, "score": 3', 3.0),
        (parse_explained, '{"a":' * 3000, PARSE_FAILED),
        (parse_explained, "score: " + "9" * 5000, OUT_OF_RANGE),
        (parse_explained, '{"score": ' + "9" * 5000 + "}", OUT_OF_RANGE),
        (parse_explained, '{"score": 1e999}', OUT_OF_RANGE),
    ],
)
def test_difficult_responses(parse, text, expected):
    assert outcome(parse(text)) == expected


MARKS = ["<think>", "</think>", "<thinking>", "\\boxed{", "<|im_end|>", "[RESULT]", "Score: ", "score is ", '"score": ']
NUMBERS = ["7", "3", "10", "4.5", "-1", "1e3", "４", "NaN", "true", "Yes", "No"]
PIECES = st.sampled_from([*MARKS, *NUMBERS, *'{}["/. \n5'])
TEXTS = st.one_of(st.text(), st.lists(PIECES, max_size=25).map("".join))


@pytest.mark.parametrize("parse", SCALES)
@given(text=TEXTS)
@example(text="\\boxed{7}")
@example(text='{"score": 3}')
def test_any_text_has_a_score_on_the_scale_or_a_failure(parse, text):
    parsed = parse(text)
    low, high = SCALES[parse]
    assert (parsed.value is None) == bool(parsed.failure)
    if parsed.value is not None:
        assert low <= parsed.value <= high
        assert 0 <= parsed.start < parsed.end <= len(text)
        number = text[parsed.start : parsed.end]
        assert parsed.value == ({"yes": 1, "no": 0}[number.casefold()] if parse is parse_verdict else float(number))


@pytest.mark.parametrize("parse", SCALES)
@given(reasoning=TEXTS, answer=TEXTS)
def test_reasoning_never_counts(parse, reasoning, answer):
    reasoning = reasoning.replace("think", "")
    answer = answer.replace("think", "")
    alone = parse(answer)
    after = parse(f"<think>{reasoning}</think>{answer}")
    assert (after.value, after.failure) == (alone.value, alone.failure)
    assert parse(f"<think>{reasoning}").failure == UNCLOSED_REASONING
