"""Rules that select pairs by measurements of their two responses.

Published (arXiv 2605.00754): pairs of contest solutions are used for efficiency only if the better one is at least 5
times better. The rules for test results and final answers are this project's.
"""

from __future__ import annotations

from themis_rm.criteria import criterion, is_criterion
from themis_rm.dataset.adapters import PreferencePair
from themis_rm.dataset.adapters.facts import MEASURES
from themis_rm.dataset.adapters.pair import Results


def small_gap(pair: PreferencePair, least_ratio: float) -> bool:
    """Return whether the run times or the memory of a pair are measured and differ by less than a factor.

    Args:
        pair: The pair.
        least_ratio: Measurement of the rejected response over that of the chosen one, from which on a pair is used.
    """
    return pair.gain is not None and pair.gain < least_ratio


def contradiction(pair: PreferencePair) -> str:
    """Return how the results of a pair contradict its criterion, as a slug; empty if they do not.

    For functional correctness the results must differ: responses that both pass, both fail or have the same final
    answer are dropped (``same-result``), and those of which the chosen one passes less (``rejected-passes``). For
    efficiency both must pass, or have the same answer (``failing-responses``, ``different-results``): a program that
    does something else is not a faster one.
    """
    short = criterion(pair.aspect).short if is_criterion(pair.aspect) else ""
    if short == "FC":
        reasons = {Results.EQUAL: "same-result", Results.FAIL: "same-result", Results.WORSE: "rejected-passes"}
    elif short in MEASURES:
        reasons = {
            Results.FAIL: "failing-responses",
            Results.DIFFER: "different-results",
            Results.WORSE: "different-results",
        }
    else:
        return ""
    return reasons.get(pair.results, "")
