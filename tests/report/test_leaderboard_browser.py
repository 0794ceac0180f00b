"""Behavior of the leaderboard page in headless Chromium; expected figures are computed from outcomes."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.evaluation.score_files import write_run
from tests.report.browser import drive
from tests.report.pages import HOSTILE, QUICK, embedded, small_board

from themis_rm.evaluation.evaluate import EvaluateSettings, evaluate
from themis_rm.evaluation.leaderboard.build import leaderboard
from themis_rm.evaluation.statistics import mcnemar_test
from themis_rm.report.leaderboard import render

LOST, TIED, WON, FAILED, MISSING = range(5)
A, B = 1, 2  # close to each other, so that p-values have digits to compare

DRIVER = Path(__file__).with_name("leaderboard_driver.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    return small_board(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def seen(board, tmp_path_factory):
    return drive(tmp_path_factory.mktemp("page"), render(board), DRIVER)


def shares(board, strict, rows=slice(None)):
    """Return the accuracies of all scored entries in percent, counted from outcomes."""
    found = []
    for run in board.runs.runs:
        outcomes = run.outcomes[rows]
        n = (outcomes != MISSING).sum()
        found.append(100 * ((outcomes == WON).sum() + (0 if strict else (outcomes == TIED).sum() / 2)) / n)
    return found


def shown(column, entries):
    return [float(column[str(entry)]) for entry in range(entries)]


def joint(board):
    one, two = (
        np.where(board.runs.runs[side].outcomes == FAILED, LOST, board.runs.runs[side].outcomes) for side in (A, B)
    )
    both = (one != MISSING) & (two != MISSING)
    return one, two, both


def test_the_page_opens_sorted_by_accuracy(board, seen):
    figures = [*shares(board, strict=False), 50.0]
    assert seen["first"] == sorted(range(6), key=lambda entry: -figures[entry])


def test_a_numeric_column_sorts_both_ways_with_missing_values_last(board, seen):
    sizes = [entry.parameters for entry in board.entries]
    known = [entry for entry in seen["first"] if sizes[entry] is not None]
    unknown = [entry for entry in seen["first"] if sizes[entry] is None]
    assert unknown
    assert seen["up"] == sorted(known, key=lambda entry: sizes[entry]) + unknown
    assert seen["down"] == sorted(known, key=lambda entry: -sizes[entry]) + unknown


def test_the_sorted_column_is_announced_to_assistive_software(seen):
    assert seen["sortedUp"] == [["parameters", "ascending"]]
    assert seen["sortedDown"] == [["parameters", "descending"]]


def test_sorting_is_stable(board, seen):
    same = [entry for entry in seen["down"] if board.entries[entry].series == "Small"]
    others = [entry for entry in seen["down"] if not board.entries[entry].series]
    assert seen["series"] == same + others


def test_names_sort_as_text_and_are_shown_unchanged(board, seen):
    assert seen["names"] == sorted(range(6), key=lambda entry: board.entries[entry].name.lower())
    assert HOSTILE in " ".join(seen["modelColumn"]["0"].split())
    assert seen["images"] == 0
    assert seen["title"] != "owned"


def test_accuracies_match_the_outcomes(board, seen):
    assert shown(seen["half"], 5) == pytest.approx(shares(board, strict=False), abs=0.051)
    assert seen["half"]["5"] == "50.0"
    low, high = (100 * getattr(board.accuracies, name)[A, 0] for name in ("low", "high"))
    assert list(map(float, seen["interval"][str(A)].split("–"))) == pytest.approx([low, high], abs=0.051)
    assert seen["interval"]["5"] == ""


def test_ranks_and_letters_equal_those_of_the_leaderboard(board, seen):
    tests = board.comparison("all")
    for entry in range(5):
        assert seen["ranks"][str(entry)] == "–".join(map(str, dict.fromkeys(tests.ranks[entry].tolist())))
        assert seen["group"][str(entry)] == tests.letters[entry]
    assert seen["ranks"]["5"] == "–"


def test_counts_equal_those_of_the_leaderboard(board, seen):
    for name in ("failed", "missing", "n"):
        shown_values = [int(seen["counts"][name][str(entry)]) for entry in range(5)]
        assert shown_values == getattr(board.accuracies, name)[:, 0].tolist()
    assert sum(board.accuracies.failed[:, 0]) == 2
    assert sum(board.accuracies.missing[:, 0]) == 7


def test_the_macro_column_is_the_macro_average(board, seen):
    macro = next(item for item in board.macro if item.over == "criterion")
    assert shown(seen["macro"], 5) == pytest.approx((100 * macro.value).tolist(), abs=0.051)
    assert seen["macro"]["5"] == "50.0"


def test_the_strict_switch_changes_figures_intervals_and_order(board, seen):
    strict = shares(board, strict=True)
    assert shown(seen["strict"], 5) == pytest.approx(strict, abs=0.051)
    figures = [*strict, 50.0]
    assert seen["strictOrder"] == sorted(range(6), key=lambda entry: -figures[entry])
    assert seen["strictOrder"] != seen["first"]
    data = embedded(render(board))
    assert seen["strictGroup"] == {
        **{str(i): shown_values for i, shown_values in enumerate(data["tests"][0]["strict"]["letters"])},
        "5": "–",
    }
    low, high = (float(end) for end in seen["strictInterval"]["1"].split("–"))
    assert low < strict[1] < high


def test_switching_the_criterion_changes_figures_order_and_plots(board, seen):
    rows = board.runs.criteria == board.runs.criteria[1]
    figures = shares(board, strict=False, rows=rows)
    assert shown(seen["security"], 5) == pytest.approx(figures, abs=0.051)
    assert shown(seen["security"], 5) != shown(seen["half"], 5)
    known = [*figures, 37.5]
    assert seen["securityOrder"] == sorted(range(6), key=lambda entry: -known[entry])
    assert seen["plotOrder"] == seen["securityOrder"]
    go = rows & (board.runs.languages == board.runs.languages[0])
    assert shown(seen["securityGo"], 5) == pytest.approx(shares(board, strict=False, rows=go), abs=0.051)


def test_a_subset_has_figures_and_no_ranks(board, seen):
    rows = board.runs.subsets == board.runs.subset_names.index("TWO")
    assert shown(seen["subset"], 5) == pytest.approx(shares(board, strict=False, rows=rows), abs=0.051)
    assert set(seen["subsetRanks"].values()) == {"–"}
    assert seen["untested"] is False


def test_the_filter_matches_names_and_series(board, seen):
    assert sorted(seen["filtered"]) == [i for i, entry in enumerate(board.entries) if entry.series == "Small"]


def test_a_selected_model_is_marked_in_the_table_and_in_every_plot(board, seen):
    places = 3 + (board.entries[A].parameters is not None)
    assert seen["marked"][0] == [str(A)] * places
    places = 3 + (board.entries[B].parameters is not None)
    assert seen["marked"][1] == [str(B)] * places
    assert sorted(seen["pressed"]) == [["a", str(A)], ["b", str(B)]]


def test_outcomes_of_two_models_are_counted_over_shared_pairs(board, seen):
    one, two, both = joint(board)
    for x in (LOST, TIED, WON):
        for y in (LOST, TIED, WON):
            assert int(seen["outcomes"][f"{x}{y}"]) == int((both & (one == x) & (two == y)).sum())


@pytest.mark.parametrize(("name", "one", "two"), [("numbers", A, B), ("swappedNumbers", B, A)])
def test_the_difference_equals_that_of_the_paired_test(board, seen, name, one, two):
    test = board.comparison("all").between(one, two)
    pairs, difference, p_value, adjusted, *only = seen[name]
    assert int(pairs.split()[0]) == test.n
    shown_values = [float(part) for part in re.findall(r"[+-]\d+\.\d+", difference.replace("−", "-"))]
    assert shown_values == pytest.approx([100 * share for share in (test.difference, test.low, test.high)], abs=0.011)
    assert float(p_value) == pytest.approx(test.p_value, abs=6e-4)
    tests = board.comparison("all")
    holm_adjust = tests.p_holm[(tests.first == A) & (tests.second == B)].item()
    assert float(adjusted.split()[0]) == pytest.approx(holm_adjust, abs=6e-4)
    assert only == [str(test.only_first), str(test.only_second)]


def test_the_conclusion_follows_the_adjusted_p_value(board, seen, tmp_path):
    assert "not a significant difference" in seen["conclusion"]
    found = drive(tmp_path, render(board), 'pick("b", 4); seen.conclusion = $("conclusion").innerText;')
    assert ": a significant difference" in found["conclusion"]


def test_strict_numbers_are_those_of_mcnemars_test(board, seen):
    one, two, both = joint(board)
    only = [int((both & (x == WON) & (y != WON)).sum()) for x, y in ((one, two), (two, one))]
    assert seen["strictNumbers"][1].startswith(f"{100 * (only[0] - only[1]) / both.sum():+.2f}".replace("-", "−"))
    assert float(seen["strictNumbers"][2]) == pytest.approx(mcnemar_test(*only), abs=6e-4)


def test_differences_are_listed_by_criterion_and_language(board, seen):
    assert set(seen["split"]) == {"all", "Functional_Correctness", "Security_Hardness", "Go", "Python", "Ruby"}
    for key, cells in seen["split"].items():
        test = board.comparison(key).between(A, B)
        assert cells[1] == str(test.n)
        assert float(cells[4].replace("−", "-")) == pytest.approx(100 * test.difference, abs=0.051)


def test_pairs_that_only_one_model_ranks_correctly_are_listed(board, seen):
    one, two, both = joint(board)
    expected = [board.runs.ids[i] for i in np.flatnonzero(both & (one == WON) & (two != WON))]
    assert len(expected) > 25  # more than one page
    assert seen["onlyA"] == expected
    differ = int((both & (one != two)).sum())
    assert seen["pages"] == f"1–25 of {differ} pairs"


def test_failed_pairs_are_listed_as_failed(board, seen):
    _, _, both = joint(board)
    failed = [(run.outcomes == FAILED) & both for run in (board.runs.runs[A], board.runs.runs[B])]
    assert len(seen["failedRows"]) == int((failed[0] | failed[1]).sum()) == 2


def test_pairs_are_found_by_language_and_subset(board, seen):
    one, two, both = joint(board)
    rows = both & (one != two)
    rows &= np.array([board.runs.subset_names[code] == "TWO" for code in board.runs.subsets])
    rows &= board.runs.languages == board.runs.languages[1]
    assert seen["found"] == [board.runs.ids[i] for i in np.flatnonzero(rows)][:25]


def test_the_heat_map_shows_cells_and_differences(board, seen):
    cell = board.find_slice("Functional_Correctness/Go")
    value, low, high = (100 * getattr(board.accuracies, name)[A, cell] for name in ("value", "low", "high"))
    first = seen["heat"][0].split("\n")
    assert first == [f"{value:.1f}", f"{low:.1f}–{high:.1f}", f"n {board.accuracies.n[A, cell]}"]
    one, two, both = joint(board)
    gap = 50 * (one[both].astype(int) - two[both]).mean()
    assert float(seen["heatGap"][-1].split("\n")[0].replace("−", "-")) == pytest.approx(gap, abs=0.051)


def test_selecting_the_other_model_swaps_them(seen):
    assert seen["swapped"] == [str(B), str(A)]


def test_a_plot_can_be_used_with_the_keyboard(board, seen):
    visibility, said = seen["walked"]
    best = max(range(5), key=lambda entry: shares(board, strict=True)[entry])
    assert visibility == "visible"
    assert said.startswith(board.entries[best].name)
    assert seen["entered"] == str(best)


def test_the_url_keeps_the_view(board, seen, tmp_path):
    assert "ties=strict" in seen["address"]
    fragment = f"#slice=Ruby&ties=strict&a={board.entries[2].name}&b={board.entries[4].name}"
    driver = """seen.slice = $("slice").selectedOptions[0].text; seen.strict = all("input[name=ties]")[1].checked;
    seen.chosen = [$("pick-a").value, $("pick-b").value]; seen.accuracy = column("accuracy");"""
    found = drive(tmp_path, render(board), driver, fragment=fragment)
    assert found["slice"].startswith("Ruby (")
    assert found["strict"] is True
    assert found["chosen"] == ["2", "4"]
    ruby = board.runs.languages == board.runs.languages[1]
    assert shown(found["accuracy"], 5) == pytest.approx(shares(board, strict=True, rows=ruby), abs=0.051)


WIDTHS = """
seen.inner = innerWidth;
seen.wide = [document.documentElement.scrollWidth];
for (const option of [...$("slice").options]) {
  set("slice", option.value);
  seen.wide.push(document.documentElement.scrollWidth);
}
seen.table = $("board-table").offsetWidth;
seen.svg = all("figure svg").map((plot) => Math.round(plot.getBoundingClientRect().right));
"""


@pytest.mark.parametrize("width", [390, 820, 1280])
def test_the_page_fits_narrow_screens(board, tmp_path, width):
    found = drive(tmp_path, render(board), WIDTHS, width, 844)
    assert found["inner"] == width
    assert max(found["wide"]) <= width
    assert max(found["svg"]) <= width
    if width == 390:
        assert found["table"] > width  # so it must be the table's own box that scrolls


def test_texts_open_and_close(tmp_path):
    evaluate("random", "authored", tmp_path / "run", EvaluateSettings(baselines=("length",)))
    board = leaderboard([tmp_path / "run"], benchmark="authored", settings=QUICK)
    driver = """
    const button = all("[data-texts]")[0];
    seen.id = text("#pairs-table tbody td:first-child")[0];
    button.click();
    seen.open = all("#pairs-table pre").map((item) => item.textContent);
    seen.expanded = button.getAttribute("aria-expanded");
    button.click();
    seen.closed = all("#pairs-table pre").length;
    slice("length-matched pairs"); seen.matched = column("n");
    """
    found = drive(tmp_path, render(board), driver)
    pair = next(pair for pair in board.pairs if pair.id == found["id"])
    assert found["open"] == [pair.prompt, pair.chosen, pair.rejected]
    assert found["expanded"] == "true"
    assert found["closed"] == 0
    column = board.find_slice("length-matched")
    assert shown(found["matched"], board.scored) == board.accuracies.n[:, column].tolist()


def test_one_run_opens_without_an_error(board, tmp_path):
    write_run(tmp_path / "only", "++-0" * 6)
    alone = leaderboard([tmp_path / "only"], settings=QUICK)
    driver = """
    seen.accuracy = column("accuracy");
    for (const value of ["1", "3"]) set("slice", value);
    radio("ties", "strict");
    """
    assert drive(tmp_path, render(alone), driver)["accuracy"] == {"0": "62.5"}


def test_models_with_equal_outcomes_have_the_same_accuracy(board, tmp_path):
    twins = (board.runs.runs[1], *board.runs.runs[1:])
    alike = replace(board, runs=replace(board.runs, runs=twins))
    found = drive(tmp_path, render(alike), 'seen.conclusion = $("conclusion").innerText;')
    assert "same accuracy" in found["conclusion"]


@pytest.fixture(scope="module")
def published(shared):
    return leaderboard(published=shared / "reference" / "published" / "scores", settings=QUICK)


@pytest.mark.slow
def test_every_published_figure_is_shown_on_a_telephone(published, tmp_path):
    driver = """
    seen.slices = [];
    for (const option of [...$("slice").options]) {
      set("slice", option.value);
      const wide = document.documentElement.scrollWidth;
      seen.slices.push([Number(option.value), column("accuracy"), column("group"), wide]);
    }
    """
    found = drive(tmp_path, render(published), driver, 390, 844)
    assert len(found["slices"]) == len(published.slices)
    for place, accuracies, letters, wide in found["slices"]:
        assert wide <= 390
        expected = 100 * published.accuracies.value[:, place]
        assert shown(accuracies, published.scored) == pytest.approx(expected.tolist(), abs=0.051)
        tests = published.comparison(published.slices[place].key)
        if tests is not None:
            assert [letters[str(entry)] for entry in range(published.scored)] == list(tests.letters)


@pytest.mark.parametrize("others", [3, 8])
def test_pairs_with_another_criterion_are_listed(tmp_path, others):
    changed = {"aspect": ["Beauty"] * others + ["Functional_Correctness"] * (8 - others)}
    for name, marks in (("one", "+-+-++-+"), ("two", "-+-+--+-")):
        write_run(tmp_path / name, marks, **changed)
    driver = """
    for (const option of [...$("slice").options]) set("slice", option.value);
    set("slice", $("slice").options[0].value);
    seen.labels = all("#pairs-table tbody tr").map((row) => row.cells[1].innerText.trim());
    """
    found = drive(tmp_path, render(leaderboard([tmp_path / "one", tmp_path / "two"], settings=QUICK)), driver)
    assert sorted(found["labels"]) == sorted(["other"] * others + ["Functional correctness"] * (8 - others))
