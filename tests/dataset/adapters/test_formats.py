"""Every public format of preference data, in small rows written for these tests."""

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from themis_rm.dataset.adapters import FORMATS, PreferencePair, UnusableRowError, detect_format
from themis_rm.dataset.preferences import PairFilter, read_pairs, to_preference
from themis_rm.errors import InputError

GOOD, BAD, ASK = "def f():\n    return 1\n", "def f():\n    return 0\n", "Write a function that returns one."


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


CONVERSATIONS = {"chosen": [user(ASK), assistant(GOOD)], "rejected": [user(ASK), assistant(BAD)]}

ROWS: dict[str, dict[str, Any]] = {
    "explicit": {"prompt": ASK, "chosen": GOOD, "rejected": BAD},
    "explicit-scored": {"prompt": ASK, **CONVERSATIONS, "score_chosen": 8.0, "score_rejected": 5.0},
    "question": {"question": ASK, "chosen": GOOD, "rejected": BAD, "language": "python"},
    "instruction": {"instruction": ASK, "chosen": GOOD, "rejected": BAD},
    "alpaca": {"instruction": ASK, "input": "", "chosen": GOOD, "rejected": BAD},
    "conversations": {
        "conversations": [{"from": "human", "value": ASK}],
        "chosen": {"from": "gpt", "value": GOOD}, "rejected": {"from": "gpt", "value": BAD},
    },
    "messages": {"messages": [user(ASK)], "chosen": GOOD, "rejected": BAD},
    "code-pairs": {"id": "7", "instruction": ASK, "chosen": GOOD, "rejected": BAD, "criteria": ["FC"]},
    "vulnerability": {"lang": "c", "vulnerability": "v", "question": ASK, "chosen": GOOD, "rejected": BAD},
    "themis": {"system": None, "input": ASK, "chosen": GOOD, "rejected": BAD, "aspect": "a", "idx": "7"},
    "themis-benchmark": {
        "id": "7", "prompt": ASK, "chosen": GOOD, "rejected": BAD, "aspect": "a", "language": "C", "subset": "s",
    },
    "implicit-conversations": CONVERSATIONS,
    "implicit-scored": {**CONVERSATIONS, "score_chosen": 8.0, "score_rejected": 5.0},
    "implicit-texts": {"chosen": f"{ASK}\n{GOOD}", "rejected": f"{ASK}\n{BAD}"},
    "helpsteer3": {"context": [user(ASK)], "response1": GOOD, "response2": BAD, "overall_preference": -2},
    "helpsteer2": {"prompt": ASK, "response_1": BAD, "response_2": GOOD, "preference_strength": 1},
    "prometheus": {
        "orig_instruction": ASK, "orig_response_A": BAD, "orig_response_B": GOOD, "orig_preference": "B",
        "orig_score_A": "2", "orig_score_B": "5",
    },
    "judgebench": {"question": ASK, "response_A": BAD, "response_B": GOOD, "label": "B>A", "pair_id": "7"},
    "arena": {
        "conversation_a": CONVERSATIONS["chosen"], "conversation_b": CONVERSATIONS["rejected"], "winner": "model_a",
    },
    "retrieval": {"query": ASK, "pos": [GOOD], "neg": [BAD]},
    "solutions": {"prompt": ASK, "solutions": [{"code": BAD, "runtime": 9}, {"code": GOOD, "runtime": 1}]},
    "candidates": {"prompt": ASK, "chosen": [GOOD], "rejected": [BAD]},
    "rewardbench": {
        "prompt": ASK, "chosen": GOOD, "rejected": BAD, "chosen_model": "a", "rejected_model": "b", "subset": "s",
        "id": 7,
    },
    "rewardbench2": {"prompt": ASK, "chosen": [GOOD], "rejected": [BAD], "num_correct": 1, "subset": "s", "id": "7"},
    "rm-bench": {"prompt": ASK, "chosen": [GOOD], "rejected": [BAD], "domain": "code", "id": "7"},
}  # fmt: skip


def read(row: dict[str, Any], name: str = "") -> PreferencePair:
    found = FORMATS.get(name) if name else detect_format([row], "file")
    (pair,) = found.read(row)
    return pair


@pytest.mark.parametrize("name", ROWS)
def test_a_format_is_found_by_its_columns(name: str) -> None:
    assert detect_format([ROWS[name]], "file").name == name


def test_every_format_has_a_row_here() -> None:
    assert set(FORMATS.names()) == set(ROWS)


def test_the_documentation_lists_every_format() -> None:
    text = (Path(__file__).parents[3] / "docs" / "how-to" / "data.md").read_text(encoding="utf-8")
    assert [form.name for form in FORMATS if f"| `{form.name}` | {form.about} |" not in text] == []


@pytest.mark.parametrize("name", ROWS)
def test_a_format_gives_one_user_turn_and_the_better_response_first(name: str) -> None:
    pair = read(ROWS[name])
    assert (pair.prompt, pair.chosen, pair.rejected) == ([user(ASK)], [assistant(GOOD)], [assistant(BAD)])


@pytest.mark.parametrize(
    ("name", "margin"),
    [
        ("explicit", None),
        ("explicit-scored", 3.0),
        ("implicit-scored", 3.0),
        ("helpsteer3", 2.0),
        ("helpsteer2", 1.0),
        ("prometheus", 3.0),
    ],
)
def test_margins_are_kept(name: str, margin: float | None) -> None:
    assert read(ROWS[name]).margin == margin


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("explicit-scored", {"score_chosen": 5.0}),
        ("helpsteer3", {"overall_preference": 0}),
        ("judgebench", {"label": "A=B"}),
        ("arena", {"winner": "tie (bothbad)"}),
    ],
)
def test_ties_are_marked(name: str, change: dict[str, Any]) -> None:
    assert read({**ROWS[name], **change}).tie


def test_a_preference_for_the_other_response_exchanges_the_sides() -> None:
    pair = read({**ROWS["helpsteer3"], "overall_preference": 3})
    assert (pair.chosen, pair.rejected, pair.margin) == ([assistant(BAD)], [assistant(GOOD)], 3.0)


def test_several_turns_of_context_are_kept() -> None:
    context = [user("Hi"), assistant("Hello"), user(ASK)]
    assert read({**ROWS["helpsteer3"], "context": context}).prompt == context


def test_a_prompt_that_the_conversations_repeat_is_not_doubled() -> None:
    assert read({"prompt": ASK, **CONVERSATIONS}).prompt == [user(ASK)]


def test_a_system_text_becomes_the_system_message() -> None:
    assert read({**ROWS["explicit"], "system": "Be brief."}).prompt[0] == {"role": "system", "content": "Be brief."}


def test_an_empty_system_text_is_none() -> None:
    assert read({**ROWS["vulnerability"], "system": ""}).prompt == [user(ASK)]


def test_security_pairs_have_the_security_criterion() -> None:
    assert read(ROWS["vulnerability"]).aspect == "SH"


def test_tool_turns_in_a_response_are_kept() -> None:
    call = {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "run", "arguments": "{}"}}]}
    sides = {
        side: [user(ASK), call, {"role": "tool", "content": "1"}, assistant(text)]
        for side, text in (("chosen", GOOD), ("rejected", BAD))
    }
    pair = read(sides)
    assert [message["role"] for message in pair.prompt] == ["user", "assistant", "tool"]
    assert pair.chosen == [assistant(GOOD)]


def test_reasoning_of_a_message_is_kept() -> None:
    thinking = {**assistant(GOOD), "reasoning_content": "One."}
    pair = read({"chosen": [user(ASK), thinking], "rejected": CONVERSATIONS["rejected"]})
    assert pair.chosen[0]["reasoning_content"] == "One."


def test_missing_fields_of_arrow_structs_are_ignored() -> None:
    turns = [{**user(ASK), "tool_calls": None, "name": None}, {**assistant(GOOD), "tool_calls": None, "name": None}]
    assert read({"chosen": turns, "rejected": CONVERSATIONS["rejected"]}).chosen == [assistant(GOOD)]


def test_a_dialog_text_is_split_at_its_speakers() -> None:
    start = "\n\nHuman: Hi\n\nAssistant: Hello\n\nHuman: One?\n\nAssistant:"
    pair = read({"chosen": f"{start} 1", "rejected": f"{start} 2"})
    assert pair.prompt == [user("Hi"), assistant("Hello"), user("One?")]
    assert (pair.chosen, pair.rejected) == ([assistant("1")], [assistant("2")])


def test_common_lines_of_code_belong_to_the_responses() -> None:
    pair = read(ROWS["implicit-texts"])
    assert pair.chosen[0]["content"] == GOOD


def test_lists_give_every_combination_in_one_group() -> None:
    row = {**ROWS["rewardbench2"], "chosen": [GOOD, "1"], "rejected": [BAD, "2", "3"]}
    pairs = list(FORMATS.get("rewardbench2").read(row))
    assert len(pairs) == 6
    assert {pair.group for pair in pairs} == {"7"}
    assert len({pair.id for pair in pairs}) == 6


def test_the_input_and_the_history_of_an_instruction_are_turns() -> None:
    pair = read({**ROWS["alpaca"], "input": "In C.", "history": [["Hi", "Hello"]], "system": "Be brief."})
    assert [message["content"] for message in pair.prompt] == ["Be brief.", "Hi", "Hello", f"{ASK}\nIn C."]


def test_a_history_that_is_not_pairs_of_texts_is_a_reason() -> None:
    with pytest.raises(UnusableRowError) as caught:
        list(FORMATS.get("alpaca").read({**ROWS["alpaca"], "history": ["Hi"]}))
    assert caught.value.reason == "history-is-not-a-list-of-pairs"


def test_messages_that_repeat_the_chosen_side_are_not_the_request() -> None:
    pair = read({**CONVERSATIONS, "messages": CONVERSATIONS["chosen"]})
    assert (pair.prompt, pair.chosen) == ([user(ASK)], [assistant(GOOD)])


def test_ratings_are_scores() -> None:
    assert read({**ROWS["explicit"], "chosen-rating": 5.0, "rejected-rating": 3.5}).margin == 1.5


def test_a_labeled_pair_gives_a_pair_per_criterion_in_one_group() -> None:
    pairs = list(FORMATS.get("code-pairs").read({**ROWS["code-pairs"], "criteria": ["FC", "SH"]}))
    assert [(pair.id, pair.aspect, pair.group) for pair in pairs] == [("7:FC", "FC", "7"), ("7:SH", "SH", "7")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"prompt": None, "chosen": GOOD, "rejected": BAD}, "missing-prompt"),
        ({"prompt": ASK, "chosen": None, "rejected": BAD}, "missing-chosen"),
        ({"prompt": ASK, "chosen": GOOD, "rejected": 3}, "rejected-is-integer"),
        ({"prompt": ASK, "chosen": GOOD, "rejected": " "}, "empty-response"),
        ({"prompt": ASK, "chosen": GOOD, "rejected": GOOD}, "identical-responses"),
        ({"prompt": ASK, "chosen": [], "rejected": BAD}, "empty-chosen"),
        ({"prompt": [user(ASK), assistant("x")], "chosen": GOOD, "rejected": BAD}, "no-request"),
        ({"prompt": ASK, "chosen": [assistant(GOOD), user("x")], "rejected": BAD}, "chosen-is-not-a-response"),
        ({"prompt": ASK, "chosen": GOOD, "rejected": BAD, "margin": "big"}, "margin-is-not-a-number"),
        ({"prompt": ASK, "chosen": GOOD, "rejected": BAD, "margin": float("nan")}, "margin-is-not-finite"),
        ({"prompt": [{"role": "king", "content": "x"}], "chosen": GOOD, "rejected": BAD}, "prompt-cannot-be-read"),
    ],
)
def test_an_unusable_row_has_a_reason(row: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnusableRowError) as caught:
        list(FORMATS.get("explicit").read(row))
    assert caught.value.reason == reason


def test_conversations_without_a_common_request_are_unusable() -> None:
    row = {"chosen": [user("a"), assistant("x")], "rejected": [user("b"), assistant("y")]}
    with pytest.raises(UnusableRowError) as caught:
        read(row, "implicit-conversations")
    assert caught.value.reason == "no-common-request"


def test_responses_with_a_common_beginning_next_to_a_request_are_not_its_implicit_form() -> None:
    row = {"query": ASK, "chosen": GOOD, "rejected": BAD}
    with pytest.raises(InputError, match=r"query \(text\)") as caught:
        detect_format([row], "file")
    assert "columns.prompt" in caught.value.hint


def test_unknown_columns_are_named_with_a_way_to_map_them() -> None:
    with pytest.raises(InputError, match=r"data.jsonl .* good \(text\), bad \(number\)") as caught:
        detect_format([{"good": "x", "bad": 3}], "data.jsonl")
    assert "columns.prompt" in caught.value.hint


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda values: (
        st.lists(values, max_size=3)
        | st.dictionaries(st.sampled_from(["role", "content", "from", "value", "tool_calls", "x"]), values, max_size=3)
    ),
    max_leaves=6,
)
OPTIONAL = ("system", "margin", "weight", "score_chosen", "score_rejected", "history", "messages", "language", "id")


@pytest.mark.parametrize("name", ROWS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_values_give_pairs_or_a_reason(name: str, data: st.DataObject) -> None:
    columns = st.sampled_from([*ROWS[name], *OPTIONAL])
    row = {**ROWS[name], **data.draw(st.dictionaries(columns, JSON, min_size=1, max_size=3))}
    for result in read_pairs(FORMATS.get(name), "x:1", row, PairFilter()):
        if isinstance(result, PreferencePair):
            to_preference(result, row)


COLUMNS = st.sampled_from(sorted({column for row in ROWS.values() for column in row}))


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(st.dictionaries(COLUMNS, JSON), min_size=1, max_size=4))
def test_the_format_of_any_rows_is_found_or_refused(rows: list[dict[str, Any]]) -> None:
    with contextlib.suppress(InputError):
        found = detect_format(rows, "file")
        assert any(
            isinstance(pair, PreferencePair)
            for row in rows
            for pair in read_pairs(found, "x", row, PairFilter(keep_ties=True))
        )
