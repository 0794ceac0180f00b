"""Copies of benchmark texts: at least half of the runs of the shorter text, and at least 50 tokens or all of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.curation.ngram_overlap import COMMON
from themis_rm.dataset.copied_code import LEAST_TOKENS, SHORTEST, BenchmarkText, CopyIndex, TokenRuns, code_tokens

RUNS = TokenRuns()


def tokens(name: str, count: int) -> str:
    return " ".join(f"{name}{n}" for n in range(count))


def index_of(*texts: str) -> CopyIndex:
    return CopyIndex.build(BenchmarkText(0, text, text) for text in texts)


def is_copy(benchmark: str, text: str, share: float = 0.5) -> bool:
    return index_of(benchmark).copied(RUNS(text), share) == {0}


def test_tokens_are_words_and_single_punctuation_characters():
    assert code_tokens("if (a_1 >= 2)\n  b.c();") == [
        *("if", "(", "a_1", ">", "=", "2", ")"),
        *("b", ".", "c", "(", ")", ";"),
    ]


@pytest.mark.parametrize(
    ("benchmark", "text", "copied"),
    [
        (tokens("a", 200), tokens("a", 200), True),
        (tokens("a", 200), f"{tokens('x', 900)} {tokens('a', 200)} {tokens('y', 900)}", True),
        (tokens("a", 200), tokens("a", 60), True),
        (tokens("a", 200), f"{tokens('a', 70)} {tokens('x', 300)}", False),
        (tokens("a", 60), f"{tokens('a', 45)} {tokens('x', 300)}", False),
        (tokens("a", 40), f"{tokens('a', 40)} {tokens('x', 300)}", True),
        (tokens("a", 40), f"{tokens('a', 39)} {tokens('x', 300)}", False),
        (tokens("a", SHORTEST - 1), tokens("a", SHORTEST - 1), False),
        (tokens("a", SHORTEST), tokens("a", SHORTEST), True),
        (tokens("a", LEAST_TOKENS), tokens("b", LEAST_TOKENS), False),
    ],
)
def test_half_of_the_shorter_text_and_fifty_tokens_are_a_copy(benchmark, text, copied):
    assert is_copy(benchmark, text) is copied
    assert is_copy(text, benchmark) is copied


def test_the_layout_of_code_does_not_matter():
    code = "".join(f"if (a{n} > b) {{ c{n}(a); }}\n" for n in range(12))
    assert is_copy(code, code.replace(" ", "\n  ").replace(";", " ;"))


def test_runs_under_many_prompts_do_not_count():
    header = tokens("license", 80)
    texts = [BenchmarkText(0, f"p{n}", f"{header} {tokens(f'own{n}w', 30)}") for n in range(COMMON + 1)]
    index = CopyIndex.build(texts)
    assert index.copied(RUNS(f"{header} {tokens('x', 30)}"), 0.5) == set()
    assert index.copied(RUNS(texts[3].text), 0.5) == {0}


def test_runs_in_many_responses_to_one_prompt_count():
    code = tokens("a", 100)
    index = CopyIndex.build(BenchmarkText(0, "p", f"{code} {tokens(f'bug{n}w', 5)}") for n in range(COMMON + 5))
    assert index.copied(RUNS(code), 0.5) == {0}


def test_the_benchmarks_that_share_a_text_are_named():
    index = CopyIndex.build(BenchmarkText(number, "p", tokens("a", 99)) for number in (0, 2))
    assert index.copied(RUNS(tokens("a", 99)), 0.5) == {0, 2}


def test_an_index_without_texts_finds_nothing(tmp_path):
    index_of().save(tmp_path)
    assert CopyIndex.load(tmp_path).copied(RUNS(tokens("a", 99)), 0.5) == set()


@given(
    st.lists(st.tuples(st.integers(0, 4), st.lists(st.integers(0, 3), min_size=25, max_size=90)), max_size=6),
    st.lists(st.integers(0, 3), max_size=120),
    st.sampled_from([0.1, 0.5, 1.0]),
)
def test_the_index_finds_what_the_definition_says(texts, other, share):
    def runs(values) -> set[tuple[int, ...]]:
        return {tuple(values[n : n + 13]) for n in range(len(values) - 12)}

    def text(values) -> str:
        return " ".join(map(str, values))

    expected = set()
    for source, values in texts:
        shorter = min(len(runs(values)), len(runs(other)))
        least = max(share * shorter, min(shorter, LEAST_TOKENS - 12))
        if len(other) >= SHORTEST and shorter > 12 and len(runs(values) & runs(other)) >= least:
            expected.add(source)
    index = CopyIndex.build(BenchmarkText(source, "p", text(values)) for source, values in texts)
    assert index.copied(RUNS(text(other)), share) == expected
    assert index.sizes.dtype == np.int64
