"""Expected scores over the alternatives of a judge's tokens, and the log-odds of a verdict."""

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


def tokens_of(pairs):
    """Return tokens from ``(text, {alternative: probability})``; the token itself has the remaining probability."""
    tokens = []
    for text, others in pairs:
        own = 1 - sum(others.values())
        alternatives = {text: own, **others}
        tokens.append(
            TokenLogprob(
                text.encode(), math.log(own), tuple((one.encode(), math.log(p)) for one, p in alternatives.items())
            )
        )
    return tokens


def expect(parse, scale, *pairs, text=None):
    tokens = tokens_of(pairs)
    text = "".join(one for one, _ in pairs) if text is None else text
    return expected_score(tokens, text, parse(text), scale)


def test_the_expectation_is_over_the_digits():
    expected = expect(parse_score_line, DIGITS, ("Score", {}), (":", {}), (" 7", {" 8": 0.25, " 5": 0.25}))
    assert expected.value == pytest.approx(0.5 * 7 + 0.25 * 8 + 0.25 * 5)
    assert expected.mass == pytest.approx(1)


def test_alternatives_that_are_not_scores_are_left_out():
    expected = expect(parse_score_line, DIGITS, ("Score: ", {}), ("7", {"9": 0.25, "seven": 0.15, "0": 0.1}))
    assert expected.value == pytest.approx((0.5 * 7 + 0.25 * 9) / 0.75)
    assert expected.mass == pytest.approx(0.75)


def test_the_probabilities_of_spellings_of_a_score_are_added():
    expected = expect(parse_score_line, DIGITS, ("Score:", {}), (" 7", {"8": 0.125, " 8": 0.25, " 8\n": 0.125}))
    assert expected.value == pytest.approx(0.5 * 7 + 0.5 * 8)


def test_a_score_of_several_tokens():
    expected = expect(parse_boxed, HALVES, ("\\boxed{", {}), ("1", {"9": 0.4}), ("0", {"}": 0.5}), ("}", {}))
    # 9 may continue as 9.5: the midpoint. The 1 continues with 0 or ends.
    assert expected.value == pytest.approx(0.4 * 9.25 + 0.6 * (0.5 * 10 + 0.5 * 1))
    assert expected.mass == pytest.approx(1)


def test_a_score_may_continue_after_its_last_token():
    expected = expect(parse_boxed, HALVES, ("\\boxed{", {}), ("7", {}), ("}", {".": 0.5}))
    assert expected.value == pytest.approx(0.5 * 7 + 0.5 * 7.5)
    assert expected.mass == pytest.approx(1)


def test_a_score_with_a_half_point_is_weighted_at_each_token():
    expected = expect(parse_boxed, HALVES, ("\\boxed{", {}), ("7", {"2": 0.5}), (".", {}), ("5", {"0": 0.5}), ("}", {}))
    assert expected.value == pytest.approx(0.5 * 2.25 + 0.5 * (0.5 * 7.5 + 0.5 * 7))


def test_an_ambiguous_alternative_is_left_out():
    expected = expect(parse_boxed, HALVES, ("\\boxed{", {}), ("8", {"1": 0.5}), ("}", {}))
    assert (expected.value, expected.mass) == (pytest.approx(8), pytest.approx(0.5))


def test_a_token_with_a_complete_number_is_not_ambiguous():
    expected = expect(parse_boxed, HALVES, ("\\boxed{", {}), ("8", {"10": 0.5}), ("}", {}))
    assert expected.value == pytest.approx(9)


def test_a_token_with_a_score_and_other_characters():
    expected = expect(parse_boxed, HALVES, ("\\boxed", {}), ("{8}", {"{6}": 0.5}))
    assert expected.value == pytest.approx(7)


def test_a_quoted_score():
    expected = expect(parse_unit_test, "12345", ('{"score":', {}), (' "', {}), ("4", {"2": 0.5}), ('"}', {}))
    assert expected.value == pytest.approx(3)


def test_the_answer_is_found_after_reasoning_that_is_returned_separately():
    pairs = [("Score: 3", {}), ("</think>", {}), ("Score:", {}), (" 7", {" 9": 0.5}), ("<|im_end|>", {})]
    assert expect(parse_score_line, DIGITS, *pairs, text="Score: 7").value == pytest.approx(8)


def test_tokens_that_split_a_character():
    tokens = [
        TokenLogprob("é".encode()[:1], 0.0),
        TokenLogprob("é".encode()[1:], 0.0),
        *tokens_of([("\nScore: ", {}), ("7", {"9": 0.5})]),
    ]
    text = "é\nScore: 7"
    assert expected_score(tokens, text, parse_score_line(text), DIGITS).value == pytest.approx(8)


def test_there_is_no_expectation_without_tokens_or_alternatives():
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
def test_an_expectation_is_on_the_scale_for_any_tokens(cuts, answer, others, own):
    bounds = [0, *sorted(cut for cut in cuts if cut < len(answer)), len(answer)]
    texts = [answer[a:b] for a, b in pairwise(bounds)]
    tokens = [
        TokenLogprob(text.encode(), logprob, ((text.encode(), logprob), *((o.encode(), p) for o, p in other.items())))
        for text, other, logprob in zip(texts, others, own, strict=False)
    ]
    expected = expected_score(tokens, answer, parse_boxed(answer), HALVES)
    if expected is not None:
        assert -1e-9 <= expected.value <= 10 + 1e-9
        assert 0 <= expected.mass <= 1


GOLDEN = json.loads((ROOT / "tests" / "goldens" / "generative" / "nemotron-genrm" / "parsing.json").read_text())
WORDS = {str(GOLDEN["yes_id"]): " Yes", str(GOLDEN["no_id"]): " No", "5": "<|im_end|>", "7415": " Ja", "2309": " Nein"}
UNPARSED, NO_LOGPROBS = "parse-failed", "no-logprobs"
DIFFERENT = {
    # There is no yes or no at the position of the verdict: a failure, not a tie.
    "neither": UNPARSED,
    "empty_dict_penultimate": UNPARSED,
    "capital_variants_other_ids": UNPARSED,
    "answer_two_before_end": UNPARSED,
    "no_tokens": UNPARSED,
    "logprobs_none": UNPARSED,
    # The verdict is found even if the server does not report the token that ends the response.
    "one_token": 1.5,
    "only_two_with_yes_last": 2.9,
    "answer_at_last_position_cut_by_length": 1.5,
    "two_steps_both_positions": -2.9,
    # Tokens are identified by their text, so that the type of an id does not matter.
    "string_keys": 1.9,
    # A reward is finite: an infinite log-probability counts as missing.
    "minus_inf_yes": FLOOR + 0.01,
    "both_minus_inf": NO_LOGPROBS,
    "nan_yes": NO_LOGPROBS,
}
"""Golden cases in which the published code is wrong, with the correct result."""


def golden_tokens(case):
    """Return the tokens of a case: the most probable token of each step was written."""
    tokens = []
    for step in case["logprobs"] or ():
        alternatives = [(WORDS.get(key, f" w{key}"), float(value)) for key, value in step.items()]
        finite = [pair for pair in alternatives if not math.isnan(pair[1])]
        text, logprob = max(finite, key=lambda pair: pair[1], default=(" w", 0.0))
        others = tuple((other.encode(), value) for other, value in alternatives)
        tokens.append(TokenLogprob(text.encode(), logprob, others))
    return tokens


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["name"])
def test_verdict_goldens(case):
    tokens = golden_tokens(case)
    text = b"".join(one.data for one in tokens).decode().removesuffix("<|im_end|>")
    parsed = parse_verdict(text)
    expected = verdict_odds(tokens, text, parsed)
    result = parsed.failure or (NO_LOGPROBS if expected is None else expected.value)
    expected = DIFFERENT.get(case["name"], case["reward"])
    if case["name"] in DIFFERENT:
        assert expected != case["reward"]
    assert result == (expected if isinstance(expected, str) else pytest.approx(expected, abs=1e-6))


def test_the_verdict_goldens_are_complete():
    assert len(GOLDEN["cases"]) == 25
    assert set(DIFFERENT) <= {case["name"] for case in GOLDEN["cases"]}
    assert GOLDEN["clamp"] == FLOOR


def test_the_probabilities_of_spellings_of_a_verdict_are_added():
    odds = log_odds(
        [(" Yes", math.log(0.25)), ("yes", math.log(0.25)), ("YES.", math.log(0.125)), ("No", math.log(0.125))]
    )
    assert odds == pytest.approx(math.log(0.625 / 0.125))


def test_a_missing_verdict_gets_the_floor():
    assert log_odds([("Yes", -0.5)]) == -0.5 - FLOOR
    assert log_odds([("No", -0.5)]) == FLOOR + 0.5
    assert log_odds([("Maybe", -0.5)]) is None


@given(st.lists(st.tuples(st.sampled_from(["Yes", " No", "yes", "x"]), st.floats())))
def test_log_odds_are_finite_or_none(words):
    odds = log_odds(words)
    assert odds is None or math.isfinite(odds)


def test_a_verdict_within_a_token():
    tokens = tokens_of([("Final Judgment", {}), (": Yes", {": No": 0.25}), (".", {})])
    text = "Final Judgment: Yes."
    expected = verdict_odds(tokens, text, parse_verdict(text))
    assert expected.value == pytest.approx(math.log(3))
    assert expected.mass == pytest.approx(1)
    assert JUDGES.get("nemotron-genrm").expect(tokens, text, parse_verdict(text), ()) == expected
