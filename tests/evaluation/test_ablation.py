"""Results of an ablation: corrected tests, findings, and their tables."""

import csv
import io
import random

import pytest
from tests.evaluation.scored_pairs import scored

from themis_rm.evaluation.ablation import ALL, AblationResults, BaselineRecord, VariantRecord, compare_variants
from themis_rm.evaluation.ablation_tables import main_rows, terminal_table, to_csv, to_markdown
from themis_rm.evaluation.statistics import holm_adjust
from themis_rm.report.ablation import render_ablation_page

CRITERIA = ("Functional_Correctness", "Security_Hardness")
ACCURACIES = {"base": 0.6, "better": 0.85, "same": 0.6, "worse": 0.35}


def runs_of(seeds=3, n=150):
    rng = random.Random(5)

    def rows(accuracy):
        halves = [[int(rng.random() < accuracy) for _ in range(n)] for _ in CRITERIA]
        parts = [scored(half, name, name) for half, name in zip(halves, CRITERIA, strict=True)]
        return [row for part in parts for row in part]

    return {name: [rows(accuracy) for _ in range(seeds)] for name, accuracy in ACCURACIES.items()}


def results_of(seeds=3, **changes):
    variants = [
        VariantRecord(
            name=name,
            differs=[] if name == "base" else [f"setting: 1 -> {name}"],
            unmatched="fewer rows" if name == "worse" else "",
            steps=10,
            pairs_seen=160,
            pairs=100,
            kept=90 if name == "worse" else 100,
            parameters=1000,
            checkpoints=[],
        )
        for name in ACCURACIES
    ]
    values = {
        "name": "test",
        "base": "base",
        "seeds": list(range(seeds)),
        "confidence_level": 0.95,
        "benchmarks": {"pairs": "abc"},
        "data": {"train": "def"},
        "variants": variants,
        "comparisons": compare_variants("pairs", "base", runs_of(seeds), 0.95),
        "baselines": [BaselineRecord(evaluation="pairs", name="length", n=300, accuracy=0.5, low=0.4, high=0.6)],
        **changes,
    }
    return AblationResults(**values)


@pytest.fixture(scope="module")
def results():
    return results_of()


def test_p_values_are_adjusted_for_all_variants_of_a_family(results):
    for part, size in ((results.rows("pairs"), 3), ([row for row in results.comparisons if row.slice != ALL], 6)):
        tested = [row for row in part if row.difference]
        assert len(tested) == size
        assert [row.p_holm for row in tested] == holm_adjust([row.difference.p_value for row in tested])
        assert [row.p_pairs_holm for row in tested] == holm_adjust([row.difference.p_pairs for row in tested])


def test_a_difference_is_shown_only_if_both_tests_find_it(results):
    row = next(row for row in results.rows("pairs") if row.variant == "better")
    assert row.is_shown(0.95)
    assert not row.model_copy(update={"p_holm": 0.2}).is_shown(0.95)
    assert not row.model_copy(update={"p_pairs_holm": 0.2}).is_shown(0.95)


def test_findings_name_the_verdict_with_its_p_values(results):
    better, same, worse = results.findings()
    assert "better against base: +2" in better
    assert "], shown (over pairs p = < 0.0001, over pairs and seeds p = " in better
    assert "], not shown (" in same
    assert worse.endswith("n = 300, 3 seeds); not matched: fewer rows")
    assert results.summary() == "test: 4 variants x 3 seeds, 2 of 3 differences from base shown"


def test_a_variant_that_lost_more_rows_than_the_base_is_a_warning(results):
    (warning,) = results.warnings()
    assert warning.startswith("worse was trained on 90 of its 100 rows, the base on 100 of 100")
    assert warning in to_markdown(results)
    assert f"Warning: {warning}" in render_ablation_page(results)


def test_one_seed_says_nothing_about_others():
    found = results_of(seeds=1)
    assert "shown for these checkpoints only (one seed)" in found.findings()[0]
    assert "one seed, so no test over seeds" in found.method()
    assert main_rows(found, "pairs")[1]["p"] == "-"


def test_the_method_states_seeds_tests_and_correction(results):
    for part in ("3 seeds (0, 1, 2)", "randomization test", "min F'", "Holm", "95% bootstrap intervals", "below 0.05"):
        assert part in results.method()


def test_csv_has_a_line_for_each_variant_and_slice(results):
    rows = list(csv.DictReader(io.StringIO(to_csv(results))))
    assert len(rows) == 4 * 3
    first = next(row for row in rows if row["variant"] == "better" and row["slice"] == ALL)
    assert (first["n"], first["seeds"], first["shown"]) == ("300", "3", "yes")
    assert float(first["difference"]) == pytest.approx(float(first["accuracy"]) - float(rows[0]["accuracy"]), abs=1e-5)


def test_markdown_has_all_tables(results):
    text = to_markdown(results)
    for part in ("## Findings", "## Variants", "| better |", "baseline length: 50.0 (40.0–60.0)", results.method()):
        assert part in text


def test_markdown_cells_cannot_break_the_table():
    records = [row.model_copy(update={"about": "a | b\nc"}) for row in results_of().variants]
    assert "a \\| b c" in to_markdown(results_of(variants=records))


def test_criteria_are_columns_with_their_difference(results):
    base, better, *_ = main_rows(results, "pairs")
    assert base["FC"].endswith("(n=150)")
    assert better["SH"].endswith("*)")
    assert terminal_table(results, "pairs").row_count == 4


def test_results_survive_a_file(results, tmp_path):
    results.save(tmp_path / "results.json")
    assert AblationResults.load(tmp_path / "results.json") == results


def test_the_page_shows_findings_and_escapes_names(results):
    page = render_ablation_page(results)
    assert "not shown" in page
    assert "<svg" in page
    assert "<script" not in render_ablation_page(results_of(name="<script>alert(1)</script>"))


def test_pairs_of_one_criterion_have_no_table_by_criterion():
    runs = {
        name: [[row for row in rows if row.aspect == CRITERIA[0]] for rows in items]
        for name, items in runs_of().items()
    }
    assert {row.slice for row in compare_variants("pairs", "base", runs, 0.95)} == {ALL}
