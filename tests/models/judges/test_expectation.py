"""The expected score over what a judge might have written, and the log-odds of a verdict."""

import json
import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import ROOT

from themis_rm.endpoints.chat import TokenLogprob
from themis_rm.models.judges.expectation import FLOOR, expected_score, log_odds, verdict_odds
from themis_rm.models.judges.interface import JUDGES
from themis_rm.models.judges.parsing import parse_boxed, parse_score_line, parse_unit_test, parse_verdict

DIGITS = JUDGES.get("rubric").scale
HALVES = JUDGES.get("ce-rm").scale


def token(text, **others):
    """A token with the probabilities of its alternatives; what is left is its own."""
    return tokens_of([(text, others)])[0]


def tokens_of(pairs):
    made = []
    for text, others in pairs:
        own = 1 - sum(others.values())
        alternatives = {text: own, **others}
        made.append(
            TokenLogprob(
                text.encode(), math.log(own), tuple((one.encode(), math.log(p)) for one, p in alternatives.items())
            )
        )
    return made


def expect(parse, grid, *pairs, text=None):
    tokens = tokens_of(pairs)
    text = "".join(one for one, _ in pairs) if text is None else text
    return expected_score(tokens, text, parse(text), grid)


def test_the_expectation_is_taken_over_the_digits():
    expected_ = expect(parse_score_line, DIGITS, ("Score", {}), (":", {}), (" 7", {" 8": 0.25, " 5": 0.25}))
    assert expected_.value == pytest.approx(0.5 * 7 + 0.25 * 8 + 0.25 * 5)
    assert expected_.mass == pytest.approx(1)


def test_what_is_no_score_is_left_out_and_the_rest_renormalized():
    expected_ = expect(parse_score_line, DIGITS, ("Score: ", {}), ("7", {"9": 0.25, "seven": 0.15, "0": 0.1}))
    assert expected_.value == pytest.approx((0.5 * 7 + 0.25 * 9) / 0.75)
    assert expected_.mass == pytest.approx(0.75)


def test_spellings_of_the_same_score_are_added_up():
    expected_ = expect(parse_score_line, DIGITS, ("Score:", {}), (" 7", {"8": 0.125, " 8": 0.25, " 8\n": 0.125}))
    assert expected_.value == pytest.approx(0.5 * 7 + 0.5 * 8)


def test_a_score_of_several_tokens_goes_on_where_the_first_leaves_it():
    expected_ = expect(parse_boxed, HALVES, ("\\boxed{", {}), ("1", {"9": 0.4}), ("0", {"}": 0.5}), ("}", {}))
    # 9 may go on as 9.5: their middle. After the 1 follow the 0 or the end.
    assert expected_.value == pytest.approx(0.4 * 9.25 + 0.6 * (0.5 * 10 + 0.5 * 1))
    assert expected_.mass == pytest.approx(1)


def test_the_end_of_a_score_may_have_been_its_middle():
    expected_ = expect(parse_boxed, HALVES, ("\\boxed{", {}), ("7", {}), ("}", {".": 0.5}))
    assert expected_.value == pytest.approx(0.5 * 7 + 0.5 * 7.5)
    assert expected_.mass == pytest.approx(1)


def test_a_half_point_score_is_weighed_at_each_of_its_tokens():
    expected_ = expect(
        parse_boxed, HALVES, ("\\boxed{", {}), ("7", {"2": 0.5}), (".", {}), ("5", {"0": 0.5}), ("}", {})
    )
    assert expected_.value == pytest.approx(0.5 * 2.25 + 0.5 * (0.5 * 7.5 + 0.5 * 7))


def test_an_alternative_that_may_be_1_or_10_is_left_out():
    expected_ = expect(parse_boxed, HALVES, ("\\boxed{", {}), ("8", {"1": 0.5}), ("}", {}))
    assert (expected_.value, expected_.mass) == (pytest.approx(8), pytest.approx(0.5))


def test_a_whole_number_token_is_no_riddle():
    expected_ = expect(parse_boxed, HALVES, ("\\boxed{", {}), ("8", {"10": 0.5}), ("}", {}))
    assert expected_.value == pytest.approx(9)


def test_a_score_in_a_token_with_its_surroundings():
    expected_ = expect(parse_boxed, HALVES, ("\\boxed", {}), ("{8}", {"{6}": 0.5}))
    assert expected_.value == pytest.approx(7)


def test_a_quoted_score():
    expected_ = expect(parse_unit_test, "12345", ('{"score":', {}), (' "', {}), ("4", {"2": 0.5}), ('"}', {}))
    assert expected_.value == pytest.approx(3)


def test_the_answer_is_found_behind_thoughts_that_are_kept_apart():
    pairs = [("Score: 3", {}), ("</think>", {}), ("Score:", {}), (" 7", {" 9": 0.5}), ("<|im_end|>", {})]
    assert expect(parse_score_line, DIGITS, *pairs, text="Score: 7").value == pytest.approx(8)


def test_tokens_that_split_a_character_are_found_by_their_bytes():
    tokens = [
        TokenLogprob("é".encode()[:1], 0.0),
        TokenLogprob("é".encode()[1:], 0.0),
        *tokens_of([("\nScore: ", {}), ("7", {"9": 0.5})]),
    ]
    text = "é\nScore: 7"
    assert expected_score(tokens, text, parse_score_line(text), DIGITS).value == pytest.approx(8)


def test_without_tokens_or_alternatives_there_is_no_expectation():
    parsed = parse_score_line("Score: 7")
    assert expected_score((), "Score: 7", parsed, DIGITS) is None
    assert expected_score([TokenLogprob(b"Score: 7", -0.1)], "Score: 7", parsed, DIGITS) is None
    assert expected_score(tokens_of([("Another: 7", {})]), "Score: 7", parsed, DIGITS) is None


PIECES = st.sampled_from(["1", "0", "7", ".", "5", "}", " ", "x", "10", ".5", "7.", " 8", "9}", ""])


@given(
    cuts=st.sets(st.integers(1, 11)),
    answer=st.sampled_from(["\\boxed{10}", "\\boxed{7.5}", "\\boxed{0}", "\\boxed{8}."]),
    others=st.lists(st.dictionaries(PIECES, st.floats(-30, 0) | st.floats(), max_size=5), min_size=12, max_size=12),
    own=st.lists(st.floats(-9999, 0) | st.floats(), min_size=12, max_size=12),
)
def test_an_expectation_stays_on_the_scale_whatever_the_tokens(cuts, answer, others, own):
    bounds = [0, *sorted(cut for cut in cuts if cut < len(answer)), len(answer)]
    texts = [answer[a:b] for a, b in pairwise(bounds)]
    tokens = [
        TokenLogprob(text.encode(), logprob, ((text.encode(), logprob), *((o.encode(), p) for o, p in other.items())))
        for text, other, logprob in zip(texts, others, own, strict=False)
    ]
    expected_ = expected_score(tokens, answer, parse_boxed(answer), HALVES)
    if expected_ is not None:
        assert -1e-9 <= expected_.value <= 10 + 1e-9
        assert 0 <= expected_.mass <= 1


GOLDEN = json.loads((ROOT / "tests" / "goldens" / "generative" / "nemotron-genrm" / "parsing.json").read_text())
WORDS = {str(GOLDEN["yes_id"]): " Yes", str(GOLDEN["no_id"]): " No", "5": "<|im_end|>", "7415": " Ja", "2309": " Nein"}
CUT, UNREAD, UNWEIGHED = "length-cut", "parse-failed", "no-logprobs"
DIFFERENT = {
    # Nothing says yes or no where the verdict should be: no tie, but a failure.
    "neither": UNREAD,
    "empty_dict_penultimate": UNREAD,
    "capital_variants_other_ids": UNREAD,
    "answer_two_before_end": UNREAD,
    "no_tokens": UNREAD,
    "logprobs_none": UNREAD,
    # The verdict is found where it stands, also where the server does not report the token that ends the answer.
    "one_token": 1.5,
    "only_two_with_yes_last": 2.9,
    "answer_at_last_position_cut_by_length": 1.5,
    "two_steps_both_positions": -2.9,
    # Tokens are told by their text, so that the type of an id's key does not matter.
    "string_keys": 1.9,
    # A reward is finite: what cannot be is as good as missing; where that leaves nothing, the verdict is unread.
    "minus_inf_yes": FLOOR + 0.01,
    "both_minus_inf": UNWEIGHED,
    "nan_yes": UNWEIGHED,
}
"""Golden cases in which the code in circulation is wrong, with what is right."""


def golden_tokens(case):
    """The case as an endpoint reports it: at each step the likeliest token was written, the end token is not text."""
    made = []
    for step in case["logprobs"] or ():
        there = [(WORDS.get(key, f" w{key}"), float(value)) for key, value in step.items()]
        finite = [pair for pair in there if not math.isnan(pair[1])]
        text, logprob = max(finite, key=lambda pair: pair[1], default=(" w", 0.0))
        made.append(TokenLogprob(text.encode(), logprob, tuple((other.encode(), value) for other, value in there)))
    return made


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["name"])
def test_verdict_goldens(case):
    tokens = golden_tokens(case)
    text = b"".join(one.data for one in tokens).decode().removesuffix("<|im_end|>")
    parsed = parse_verdict(text)
    expected_ = verdict_odds(tokens, text, parsed)
    found = parsed.failure or (UNWEIGHED if expected_ is None else expected_.value)
    expected = DIFFERENT.get(case["name"], case["reward"])
    if case["name"] in DIFFERENT:
        assert expected != case["reward"]
    assert found == (expected if isinstance(expected, str) else pytest.approx(expected, abs=1e-6))


def test_the_verdict_goldens_are_all_there_and_so_are_the_differences():
    assert len(GOLDEN["cases"]) == 25
    assert set(DIFFERENT) <= {case["name"] for case in GOLDEN["cases"]}
    assert GOLDEN["clamp"] == FLOOR


def test_spellings_of_a_side_are_added_up():
    odds = log_odds(
        [(" Yes", math.log(0.25)), ("yes", math.log(0.25)), ("YES.", math.log(0.125)), ("No", math.log(0.125))]
    )
    assert odds == pytest.approx(math.log(0.625 / 0.125))


def test_a_missing_side_gets_the_floor():
    assert log_odds([("Yes", -0.5)]) == -0.5 - FLOOR
    assert log_odds([("No", -0.5)]) == FLOOR + 0.5
    assert log_odds([("Maybe", -0.5)]) is None


@given(st.lists(st.tuples(st.sampled_from(["Yes", " No", "yes", "x"]), st.floats())))
def test_log_odds_are_finite_or_none(words):
    odds = log_odds(words)
    assert odds is None or math.isfinite(odds)


def test_a_verdict_within_its_token():
    tokens = tokens_of([("Final Judgment", {}), (": Yes", {": No": 0.25}), (".", {})])
    text = "Final Judgment: Yes."
    expected_ = verdict_odds(tokens, text, parse_verdict(text))
    assert expected_.value == pytest.approx(math.log(3))
    assert expected_.mass == pytest.approx(1)
    assert JUDGES.get("nemotron-genrm").expect(tokens, text, parse_verdict(text), ()) == expected_
