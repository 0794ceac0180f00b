"""Pairs that are longer than the context are cut to the functions that differ."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.training.preferences import preference
from tests.training.test_tokenization import byte_tokenizer

from themis_rm.records import REPAIR
from themis_rm.training import windows
from themis_rm.training.token_cache import tokenize
from themis_rm.training.tokenization import Dropped, PairEncoder
from themis_rm.training.tokenizers import CHAT_TEMPLATE
from themis_rm.training.windows import LineTokenCounter, cut_pair


def python_file(functions, changed=()):
    return "\n\n".join(f"def f{n}(x):\n    return {'-' if n in changed else ''}x + {n}\n" for n in range(functions))


def row(changed=(17,), functions=30, **values):
    texts = {"chosen": python_file(functions, changed), "rejected": python_file(functions)}
    return preference(0, **{**texts, **values}).to_dict()


def encoder(max_length, overflow="window"):
    return PairEncoder(byte_tokenizer(CHAT_TEMPLATE), max_length, overflow)


def texts(pair_encoder, pair):
    return [pair_encoder.tokenizer.decode(side.ids) for side in (pair.chosen, pair.rejected)]


def test_a_difference_beyond_the_context_is_kept_by_a_window_and_lost_by_truncation():
    (pair,) = encoder(200).encode_pairs([row()])
    assert (pair.window, pair.truncated) == ("complete", False)
    chosen, rejected = texts(encoder(200), pair)
    assert "def f17(x):\n    return -x + 17" in chosen
    assert "def f17(x):\n    return x + 17" in rejected
    assert "f16" not in chosen + rejected
    assert encoder(200, "truncate").encode_pairs([row()]) == [Dropped("identical-after-truncation")]


def test_a_pair_that_fits_is_not_cut():
    (pair,) = encoder(2000).encode_pairs([row()])
    assert pair.window == "none"
    assert pair == encoder(2000, "truncate").encode_pairs([row()])[0]


@settings(deadline=None, max_examples=40)
@given(st.sets(st.integers(0, 19), min_size=1, max_size=4), st.integers(60, 900))
def test_a_window_fits_and_ends_with_the_closing_tokens_and_another_pair_is_truncated(changed, max_length):
    window, truncated = encoder(max_length), encoder(max_length, "truncate")
    (pair,), (other,) = (e.encode_pairs([row(changed, functions=20)]) for e in (window, truncated))
    if isinstance(pair, Dropped) or pair.window == "none":
        assert pair == other
        return
    chosen, rejected = texts(window, pair)
    assert pair.length <= max_length
    assert chosen.endswith(("<|im_end|>\n", "<|im_end|>"))
    kept = [f"return -x + {n}\n" in chosen for n in sorted(changed)]
    assert kept == [f"return x + {n}\n" in rejected for n in sorted(changed)]
    assert any(kept)
    assert all(kept) == (pair.window == "complete")


def test_the_request_says_that_the_code_is_an_excerpt_where_the_file_is_known():
    (pair,) = encoder(260).encode_pairs([row(file_path="src/maths.py")])
    assert all("The code is an excerpt of maths.py" in text for text in texts(encoder(260), pair))
    (pair,) = encoder(260).encode_pairs([row()])
    assert not any("excerpt" in text for text in texts(encoder(260), pair))
    # The request of a row that is a window already has that sentence.
    assert cut_pair(row(file_path="src/maths.py", window="1-9 -> 1-9"), 100, len).row["input"] == "Task 0"


@pytest.mark.parametrize(
    "changes",
    [
        {"task": REPAIR},
        {"language": "NL"},
        {"language": "Klingon"},
        {"language": ""},
        {"chosen_messages": [{"role": "assistant", "content": python_file(30, (17,))}]},
        {"chosen": f"```python\n{python_file(30, (17,))}```", "rejected": f"```python\n{python_file(30)}```"},
        {"chosen": "Well, that is it. " * 60, "rejected": "No, it is not that. " * 60},
    ],
)
def test_responses_that_are_not_code_alone_are_truncated(changes):
    assert cut_pair(row(**changes), 100, len) is None
    rows = [row(**changes)]
    assert encoder(200).encode_pairs(rows) == encoder(200, "truncate").encode_pairs(rows)


def test_a_response_that_is_too_large_to_compare_is_truncated(monkeypatch):
    monkeypatch.setattr(windows, "LARGEST", 500)
    assert cut_pair(row(), 100, len) is None


def test_a_file_with_syntax_errors_is_cut_like_in_curation():
    broken = {"chosen": python_file(30, (17,)) + "\ndef\n", "rejected": python_file(30) + "\ndef\n"}
    assert cut_pair(row(**broken), 100, len) is None
    assert "f17" in cut_pair(row(**broken, file_path="a.py"), 200, len).row["chosen"]


@given(st.text(st.sampled_from("ab \n\t(1"), max_size=60))
def test_lines_have_at_least_the_tokens_of_the_text(golden_tokenizer, text):
    count = LineTokenCounter(golden_tokenizer.backend_tokenizer)
    exact = len(golden_tokenizer(text, add_special_tokens=False)["input_ids"])
    assert exact <= count(text) <= exact + text.count("\n") + 1


def test_windows_and_truncated_pairs_are_counted(tmp_path):
    rows = [row(), row(tuple(range(30))), row((0, 1), language="NL"), preference(1).to_dict()]
    counts = tokenize(rows, encoder(300), tmp_path / "x.arrow")
    assert (counts.kept, counts.windows, counts.partial_windows, counts.truncated) == (4, 2, 1, 1)
