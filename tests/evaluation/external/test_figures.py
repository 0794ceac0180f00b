import numpy as np
import pytest

from themis_rm.evaluation.external.figures import FigureTerms, Term, bootstrap_intervals
from themis_rm.evaluation.statistics import Resampling


def figure(*terms: Term, name: str = "f") -> FigureTerms:
    return FigureTerms(name, "overall", terms)


def outcomes(*values: float) -> dict[str, float]:
    return {str(index): value for index, value in enumerate(values)}


def test_a_figure_is_the_weighted_sum_of_means() -> None:
    one, two = Term("a", outcomes(1, 0, 1, 0), 0.25), Term("b", outcomes(1, 1), 0.75)
    assert figure(one, two).value == pytest.approx(0.25 * 0.5 + 0.75)


def test_the_mean_of_figures_weighs_them_equally() -> None:
    parts = [figure(Term("a", outcomes(1, 0))), figure(Term("b", outcomes(1)))]
    assert FigureTerms.mean_of("overall", "overall", parts).value == pytest.approx(0.75)


def test_prompts_of_several_terms_are_counted_once() -> None:
    assert figure(Term("a", outcomes(1, 0)), Term("a", outcomes(0, 0)), Term("b", outcomes(1))).prompts == 3


def test_the_interval_of_an_accuracy_has_the_binomial_standard_error() -> None:
    values = outcomes(*([1.0] * 300 + [0.0] * 100))
    (interval,) = bootstrap_intervals([figure(Term("a", values))])
    error = np.sqrt(0.75 * 0.25 / 400)
    assert interval.low == pytest.approx(0.75 - 1.96 * error, abs=0.003)
    assert interval.high == pytest.approx(0.75 + 1.96 * error, abs=0.003)


def test_subsets_are_resampled_independently_with_their_sizes_fixed() -> None:
    # Pooled resampling would also vary how many prompts of each subset are drawn, and so the mean of two constants.
    terms = Term("a", outcomes(*[1.0] * 20), 0.5), Term("b", outcomes(*[0.0] * 20), 0.5)
    (interval,) = bootstrap_intervals([figure(*terms)])
    assert (interval.low, interval.high) == (0.5, 0.5)


def test_terms_of_one_subset_are_resampled_together() -> None:
    values = outcomes(*np.random.default_rng(0).normal(size=50))
    opposite = {prompt: -value for prompt, value in values.items()}
    (interval,) = bootstrap_intervals([figure(Term("a", values), Term("a", opposite))])
    assert interval.high - interval.low < 1e-12


def test_a_prompt_outside_of_a_mean_does_not_change_it() -> None:
    figures = [figure(Term("a", {"0": 1.0})), figure(Term("a", outcomes(0, 1, 0, 1)))]
    constant, _ = bootstrap_intervals(figures)
    assert (constant.low, constant.high) == (1.0, 1.0)


def test_the_confidence_level_is_respected() -> None:
    terms = figure(Term("a", outcomes(*np.random.default_rng(1).normal(size=80))))
    (wide,) = bootstrap_intervals([terms], Resampling(confidence_level=0.99))
    (narrow,) = bootstrap_intervals([terms], Resampling(confidence_level=0.8))
    assert wide.low < narrow.low < narrow.high < wide.high
