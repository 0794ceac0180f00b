import json
import re
from collections import Counter

import pytest
from tests.report.pages import unclosed_elements

from themis_rm.benchmark.pairs import read_benchmark
from themis_rm.errors import InputError
from themis_rm.evaluation.before_after import BeforeAfter
from themis_rm.evaluation.evaluate import EvaluateSettings, evaluate
from themis_rm.evaluation.results import EvaluationResults
from themis_rm.pipeline import StageReport
from themis_rm.report.page import HeldOutPairs, ScoredExample, conclusions, render
from themis_rm.report.plots import Interval, dot_plot, line_plot, training_curves


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return evaluate("random", "authored", tmp_path_factory.mktemp("r"), EvaluateSettings())


@pytest.fixture(scope="module")
def page(results, tmp_path_factory):
    log = tmp_path_factory.mktemp("log") / "log.jsonl"
    lines = [{"step": i, "split": "train", "bradley_terry": 0.7, "lm": 3.0, "accuracy": 0.5} for i in range(90)]
    lines.append({"step": 90, "split": "validation", "bradley_terry": 0.6, "accuracy": 0.6})
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    stages = [("Mine <b>", StageReport("mine", 10, 4, {"too-long": 6}, 1.5))]
    return render("run & co", stages, results, results, log, [ScoredExample("Do <it>.", "x < 1\n", {"FC": 0.5})])


@pytest.fixture(scope="module")
def change(results, tmp_path_factory):
    folder = tmp_path_factory.mktemp("changes")
    for name in ("random", "length"):
        evaluate(name, "authored", folder / name, EvaluateSettings(limit=40))
    return BeforeAfter.load("<authored>", folder / "random", folder / "length", {})


@pytest.fixture(scope="module")
def page_with_start(results, change, tmp_path_factory):
    examples = [ScoredExample("Do it.", "x\n", {"FC": 0.5}, {"FC": -0.25})]
    pairs = HeldOutPairs(change, read_benchmark("authored").pairs)
    return render("run", [], results, None, tmp_path_factory.mktemp("log") / "none", examples, [change], pairs)


def test_every_element_is_closed_in_order(page, page_with_start):
    assert unclosed_elements(page) + unclosed_elements(page_with_start) == []


def test_a_change_is_shown_with_its_sample_and_interval(page_with_start, change):
    test = change.overall.comparison
    assert "&lt;authored&gt;, 40 of 240 pairs: " in page_with_start
    assert f"{100 * test.difference:+.1f}<small>{100 * test.low:+.1f} to {100 * test.high:+.1f}" in page_with_start


def test_examples_have_the_rewards_of_both_models(page_with_start):
    assert re.search(
        r"before training</td><td>-0.250</td>.*after training</td><td>\+0.500</td>", page_with_start, re.DOTALL
    )


def test_some_held_out_pairs_are_shown_with_both_margins(change):
    shown = list(HeldOutPairs(change, read_benchmark("authored").pairs).rows())
    assert 0 < len(shown) <= 6
    assert all((before, after) == change.margins[pair.id] for pair, _, before, after in shown)


def test_a_held_out_pair_is_marked_as_right_or_wrong(page_with_start):
    assert re.search(r'<td class="right">✓ \+|<td class="wrong">✗ -', page_with_start)


def test_without_a_start_model_nothing_is_compared(page):
    assert "before training" not in page


def test_the_page_is_self_contained(page):
    assert not re.findall(r"(?:src|href)\s*=|url\(|@import|<script", page)


def test_input_texts_are_escaped(page):
    assert "Do &lt;it&gt;." in page
    assert "x &lt; 1" in page
    assert "Mine &lt;b&gt;" in page
    assert "run &amp; co" in page


def test_dropped_rows_are_shown_by_reason(page):
    assert re.search(r"too-long</span>.*?<b>6</b>", page)


def test_every_cell_shows_its_number_of_pairs(page):
    pairs = read_benchmark("authored").pairs
    shown = Counter(map(int, re.findall(r"<small>n=(\d+)</small>", page)))
    for column in (lambda p: (p.aspect, p.language), lambda p: p.aspect):
        shown.subtract(Counter(map(column, pairs)).values())
    # The rows of all criteria and of each baseline have one figure per language and one for all.
    rows = page.count("<td>baseline: ") + 1
    for count in [*Counter(pair.language for pair in pairs).values(), len(pairs)]:
        shown[count] -= rows
    assert not +shown
    assert not -shown


def test_baselines_are_in_the_table(page):
    assert "baseline: length" in page


def test_a_random_model_is_not_distinguishable_from_guessing(results):
    assert "not distinguishable from guessing" in conclusions(results)[0]


def test_small_cells_give_a_warning(results):
    smallest = min(Counter((pair.aspect, pair.language) for pair in read_benchmark("authored").pairs).values())
    assert f"smallest cell has {smallest} pairs" in conclusions(results)[-1]


def test_a_published_file_without_intervals_is_refused(results, tmp_path):
    bare = EvaluationResults(**{k: getattr(results, k) for k in ("overall", "by_aspect", "by_language", "by_subset")})
    with pytest.raises(InputError, match="no intervals or cells"):
        render("x", [], bare, None, tmp_path / "none", [])


def test_a_mark_is_within_its_interval():
    plot = dot_plot([("all", [Interval("m", 0.6, 0.4, 0.7, 10)])])
    low, high = map(float, re.search(r'whisker" x1="([\d.]+)" x2="([\d.]+)"', plot).groups())
    at = float(re.search(r'<circle cx="([\d.]+)"', plot).group(1))
    assert low < at < high


def test_no_points_give_no_plot():
    assert line_plot("t", {"a": []}) == ""


def test_a_run_without_a_log_has_no_curves(tmp_path):
    assert training_curves(tmp_path / "none.jsonl") == []


def test_a_repeated_update_is_drawn_once(tmp_path):
    lines = [{"step": s, "split": "train", "lm": v} for s, v in ((1, 9.0), (2, 8.0), (2, 1.0))]
    (tmp_path / "l").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (curve,) = training_curves(tmp_path / "l")
    assert "8" not in re.findall(r'text-anchor="end">([\d.]+)</text>', curve)
