"""The HTML of the leaderboard page; see ``test_leaderboard_browser`` for its behavior in a browser."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape
from tests.evaluation.score_files import write_run
from tests.report.pages import HOSTILE, QUICK, SIZE, embedded, small_board

from themis_rm.benchmark.pairs import read_benchmark
from themis_rm.evaluation.evaluate import EvaluateSettings, evaluate
from themis_rm.evaluation.leaderboard.build import leaderboard
from themis_rm.evaluation.leaderboard.results_check import ResultMismatch
from themis_rm.evaluation.statistics import accuracy_interval, holm_adjust, mcnemar_test
from themis_rm.report import leaderboard as page_module
from themis_rm.report.leaderboard import page_data, render, write_page

VOID = {"meta", "input", "br", "link", "img"}


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    return small_board(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def page(board):
    return render(board)


@pytest.fixture(scope="module")
def data(page):
    return embedded(page)


class Elements(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.wrong, self.ids, self.started = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.started.append(tag)
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.fixture(scope="module")
def elements(page):
    found = Elements()
    found.feed(page)
    return found


def test_every_element_is_closed_in_order(elements):
    assert not elements.wrong
    assert not elements.open


def test_no_id_is_duplicated(elements):
    assert len(elements.ids) == len(set(elements.ids))


def test_every_element_that_the_script_needs_exists(elements, page):
    script = page.rpartition("<script>")[2]
    wanted = set(re.findall(r'\$\("([\w-]+)"\)', script)) | set(re.findall(r'\bon\("([\w-]+)"', script))
    assert len(wanted) > 20
    assert wanted <= set(elements.ids)


def test_the_page_is_self_contained(page):
    outside = page.replace(re.search(r'id="board">(.*?)</script>', page, re.DOTALL).group(1), "")
    outside = outside.replace(str(escape(HOSTILE)), "")
    reaching = r"<link|<img|\ssrc\s*=|<a\s(?!href=.#)|url\(|@import|fetch\(|XMLHttp|import\(|https?://"
    assert not re.findall(reaching, outside)
    assert "default-src 'none'" in page


def test_a_hostile_name_is_escaped(page, elements):
    assert HOSTILE not in page
    assert "img" not in elements.started
    assert elements.started.count("script") == 2
    assert "&lt;/script&gt;&lt;img" in page
    assert embedded(page)["entries"][0]["name"] == HOSTILE


def test_notes_are_escaped(page):
    assert "A &lt;note&gt; &amp; more." in page


def test_equal_leaderboards_give_equal_pages(board, page, tmp_path):
    assert render(small_board(tmp_path)) == page


def test_the_page_is_written_as_it_is_rendered(board, page, tmp_path):
    write_page(board, tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page


def test_notices_are_in_the_page(board, page):
    assert {notice.reason for notice in board.notices} >= {"missing-ids", "no-score", "not-finite"}
    for notice in board.notices:
        assert str(escape(notice.text)) in page


def test_the_headline_table_works_without_javascript(board, page):
    table = re.search(r"<noscript>(.*?)</noscript>", page, re.DOTALL).group(1)
    assert table.count("<tr>") == 1 + board.scored
    assert f"<td>{100 * board.accuracies.value[1, 0]:.1f}</td>" in table


def unpack(packed, size):
    digits = [digit for letter in packed for digit in divmod(ord(letter) - ord("a"), 5)]
    return digits[:size]


def decode_front(coded):
    before, found = "", []
    for item in coded:
        shared, _, rest = item.partition(":")
        before = before[: int(shared)] + rest
        found.append(before)
    return found


def test_embedded_outcomes_equal_those_of_the_leaderboard(board, data):
    for packed, run in zip(data["pairs"]["outcomes"], board.runs.runs, strict=True):
        assert unpack(packed, SIZE) == run.outcomes.tolist()


def test_embedded_ids_equal_those_of_the_leaderboard(board, data):
    assert decode_front(data["pairs"]["ids"]) == list(board.runs.ids)


@given(st.lists(st.text(alphabet="ab:é\U0001f600", max_size=6), max_size=12))
def test_ids_survive_front_coding(ids):
    assert decode_front(page_module._front_code(ids)) == ids


def test_front_coding_does_not_split_a_surrogate_pair():
    # Python counts characters, the script UTF-16 units: they agree on what is ASCII.
    coded = page_module._front_code(["a\U0001f600b", "a\U0001f600c"])
    assert coded == ["0:a\U0001f600b", "1:\U0001f600c"]


def test_an_odd_number_of_outcomes_is_pack_outcomes():
    assert unpack(page_module._pack_outcomes(np.array([2, 4, 3], dtype=np.uint8)), 3) == [2, 4, 3]


@pytest.mark.parametrize("name", ["n", "wins", "ties", "failed", "missing", "low", "high"])
def test_embedded_figures_equal_those_of_the_leaderboard(board, data, name):
    embedded_values = np.array(data["accuracies"][name], dtype=float)
    np.testing.assert_allclose(embedded_values, getattr(board.accuracies, name), rtol=1e-5)


def test_embedded_strict_intervals_match_strict_counts(board, data):
    wins, n = int(board.accuracies.wins[1, 0]), int(board.accuracies.n[1, 0])
    expected = accuracy_interval(wins, 0, n, 0.95)
    embedded_values = [data["accuracies"][name][1][0] for name in ("strict_low", "strict_high")]
    assert embedded_values == pytest.approx(expected, abs=1e-6)


def test_embedded_tests_equal_those_of_the_leaderboard(board, data):
    assert [item["slice"] for item in data["tests"]] == [item.slice.key for item in board.comparisons]
    for embedded_values, item in zip(data["tests"], board.comparisons, strict=True):
        half = embedded_values["half"]
        np.testing.assert_allclose(np.array(half["low"], dtype=float) / 1e5, item.low, atol=1e-5)
        np.testing.assert_allclose(np.array(half["high"], dtype=float) / 1e5, item.high, atol=1e-5)
        np.testing.assert_allclose(half["p"], item.p_value, rtol=5e-3)
        np.testing.assert_allclose(half["holm"], item.p_holm, rtol=5e-3)
        assert half["letters"] == list(item.letters)
        assert half["ranks"] == item.ranks.tolist()


def test_strict_tests_are_mcnemar_tests(board, data):
    strict = data["tests"][0]["strict"]
    won = [run.outcomes == 2 for run in board.runs.runs]
    both = [run.outcomes != 4 for run in board.runs.runs]
    pairs = [(i, j) for i in range(board.scored) for j in range(i + 1, board.scored)]
    p_values = [
        mcnemar_test(
            int((won[i] & ~won[j] & both[i] & both[j]).sum()), int((won[j] & ~won[i] & both[i] & both[j]).sum())
        )
        for i, j in pairs
    ]
    np.testing.assert_allclose(strict["p"], p_values, rtol=5e-3)
    adjusted = holm_adjust(p_values)
    np.testing.assert_allclose(strict["holm"], adjusted, rtol=5e-3)
    for (i, j), p in zip(pairs, adjusted, strict=True):
        shared = set(strict["letters"][i]) & set(strict["letters"][j])
        assert bool(shared) == (p >= 0.05)


def test_one_run_makes_a_page(tmp_path):
    write_run(tmp_path / "only", "++-0" * 5)
    page = render(leaderboard([tmp_path / "only"], settings=QUICK))
    assert "nothing to compare" in page
    assert embedded(page)["tests"] == []


@pytest.fixture(scope="module")
def authored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("authored")
    evaluate("random", "authored", folder, EvaluateSettings(baselines=("length",)))
    return leaderboard([folder], benchmark="authored", settings=QUICK)


def test_short_texts_are_included(authored):
    texts = embedded(render(authored))["pairs"]["texts"]
    pair = authored.pairs[3]
    assert texts[3] == [pair.prompt, pair.chosen, pair.rejected]


def test_long_texts_are_not_included(authored, monkeypatch):
    monkeypatch.setattr(page_module, "TEXT_LIMIT", 100)
    page = render(authored)
    assert embedded(page)["pairs"]["texts"] is None
    assert "too long to be included in this page" in page


def test_texts_can_be_forced_and_excluded(authored, monkeypatch):
    monkeypatch.setattr(page_module, "TEXT_LIMIT", 100)
    assert embedded(render(authored, texts=True))["pairs"]["texts"]
    assert embedded(render(authored, texts=False))["pairs"]["texts"] is None


def test_a_leaderboard_without_texts_has_none_in_the_page(board):
    assert embedded(render(board, texts=True))["pairs"]["texts"] is None


def test_embedded_length_matched_pairs_have_similar_lengths(authored):
    matched = page_data(authored)["pairs"]["matched"]
    expected = []
    for index, pair in enumerate(authored.pairs):
        short, long = sorted((len(pair.chosen), len(pair.rejected)))
        if long <= authored.settings.max_length_ratio * short:
            expected.append(index)
    assert matched == expected
    assert matched


def test_baselines_are_counted(authored):
    page = render(authored)
    embedded_values = sum(entry.kind == "baseline" for entry in authored.entries)
    assert f"<dt>baselines</dt><dd>{embedded_values}</dd>" in page
    assert "is not included, because the lengths" not in page


def test_a_missing_length_baseline_is_reported(board):
    models = tuple(replace(entry, kind="model") for entry in board.entries)
    assert "is not included, because the lengths" in render(replace(board, entries=models))


def test_the_page_shows_the_hash_of_the_benchmark(board, page):
    assert page.count(board.runs.digest) >= 2


def test_a_mismatch_with_results_files_is_reported(board):
    assert "agree with their scores" in render(board)
    page = render(replace(board, mismatches=(ResultMismatch("good", "overall.accuracy", 1.0, 0.5),)))
    assert "agree with their scores" not in page
    assert "1 figure in the runs' results files" in page


def test_the_title_names_the_authored_benchmark(authored):
    assert read_benchmark("authored").name in re.search(r"<h1>(.*?)</h1>", render(authored)).group(1)


def test_the_published_runs_fit_into_three_megabytes(shared):
    runs = leaderboard(published=shared / "reference" / "published" / "scores", settings=QUICK)
    page = render(runs)
    assert len(page.encode()) < 3_000_000
    assert "40 runs" in page
