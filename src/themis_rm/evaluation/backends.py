"""A server against the reference: the same pairs through both, and what differs.

The reference is the model run in this process; the backend is the same tokenizer and template in front of a server
that has the weights. A server is of use if its rewards are the reference's up to the noise of its arithmetic; where
they are not, the report says what they are instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import expit
from scipy.stats import kendalltau, spearmanr

import themis_rm
from themis_rm.benchmark.pairs import pairs_digest, read_benchmark
from themis_rm.errors import SettingError
from themis_rm.evaluation.evaluate import RunPrompts, ScoringSettings, score_pairs
from themis_rm.evaluation.statistics import Accuracy, Comparison, compare, pair_outcome
from themis_rm.models.loading import load_model
from themis_rm.models.protocol import ModelIdentity, RewardModel
from themis_rm.records import BenchmarkPair, PairScore
from themis_rm.results import Result, ResultPart

if TYPE_CHECKING:
    from rich.console import Group

Relation = Literal[
    "same", "sigmoid", "affine", "reversed", "constant", "misplaced", "same-order", "different", "unknown"
]

NOISE = 0.05
"""Root mean square error, in standard deviations of the rewards, that arithmetic in half precision may cause."""
SIGMOID_NOISE = 0.02
"""Largest error of a probability in half precision."""

_VERDICTS: dict[Relation, str] = {
    "same": "The backend gives the reference's rewards.",
    "sigmoid": "The backend gives the sigmoid of the reward; large rewards lose their digits. Switch its activation "
    "off.",
    "affine": "The backend gives the rewards on another scale; pairs compare alike, levels do not.",
    "reversed": "The backend gives the rewards with the other sign: it prefers what the reference rejects.",
    "constant": "The backend gives every conversation the same value, as a softmax over one label does.",
    "misplaced": "The backend gives the reference's rewards to other conversations.",
    "same-order": "The backend gives other values in nearly the same order.",
    "different": "The backend gives other rewards: another model, other tokens or another head.",
    "unknown": "Too few conversations were scored on both sides to say.",
}


class BackendSettings(ScoringSettings):
    """How a backend is compared; ``model.remote`` says where it is."""

    sample: int | None = Field(default=None, ge=1)
    """Compare this many pairs, evenly spread over the benchmark; by default all."""
    most_flips: float = Field(default=0.01, ge=0, le=1)
    """Largest share of pairs that may change their outcome where backend and reference agree."""


class BackendSide(ResultPart):
    """What one of the two gave."""

    digest: str
    """Hash of the model."""
    facts: dict[str, str | int]
    """What else changes its rewards."""
    accuracy: Accuracy
    """Over all pairs; a failed pair is lost."""
    failed: dict[str, int]
    """Reason -> responses without a reward."""
    truncated: int
    """Pairs of which a response was cut."""

    @classmethod
    def of(cls, identity: ModelIdentity, rows: Sequence[PairScore], level: float) -> Self:
        """Sum up one side's rows."""
        notes = Counter(part.partition(": ")[2] for row in rows for part in row.note.split("; ") if part)
        cut = sum("truncated" in row.note for row in rows)
        notes.pop("truncated", None)
        return cls(
            digest=identity.digest,
            facts=identity.facts,
            accuracy=Accuracy.from_scores(rows, level),
            failed=dict(sorted(notes.items())),
            truncated=cut,
        )


class FlippedPair(ResultPart):
    """A pair of which the two think differently."""

    id: str
    """The pair."""
    reference: float
    """Reward of chosen minus that of rejected."""
    backend: float
    """The same from the backend."""


class RewardAgreement(ResultPart):
    """How the rewards of single responses go together; ``None`` where there are too few to say."""

    responses: int
    """Responses that both sides scored."""
    relation: Relation
    """What the backend's rewards are of the reference's."""
    largest: float | None
    """Largest absolute difference of rewards."""
    median: float | None
    """Median absolute difference."""
    spread: float | None
    """Standard deviation of the reference's rewards."""
    slope: float | None
    """Of the least-squares line from the reference's rewards to the backend's."""
    offset: float | None
    """The line's value at 0."""
    residual: float | None
    """Standard deviation of the backend's rewards around the line."""
    spearman: float | None
    """Rank correlation (Spearman, 1904)."""
    kendall: float | None
    """Rank correlation tau-b (Kendall, 1945)."""

    @classmethod
    def of(cls, reference: Sequence[float], backend: Sequence[float]) -> Self:
        """Compare rewards of the same responses."""
        a, b = np.array(reference, dtype=np.float64), np.array(backend, dtype=np.float64)
        gaps = np.abs(a - b)
        varied = len(a) >= 3 and bool(np.ptp(a)) and bool(np.ptp(b))
        slope, offset = (float(value) for value in np.polyfit(a, b, 1)) if varied else (None, None)
        return cls(
            responses=len(a),
            relation=relation_of(a, b),
            largest=float(gaps.max()) if len(a) else None,
            median=float(np.median(gaps)) if len(a) else None,
            spread=float(a.std()) if len(a) else None,
            slope=slope,
            offset=offset,
            residual=None if slope is None else float((b - slope * a - (offset or 0.0)).std()),
            spearman=float(spearmanr(a, b).statistic) if varied else None,
            kendall=float(kendalltau(a, b).statistic) if varied else None,
        )


def relation_of(reference: NDArray[np.float64], backend: NDArray[np.float64]) -> Relation:
    """Return what a backend's rewards are of the reference's; both of shape ``[responses]``.

    The first that fits within half-precision noise is taken, the closest to "same" first.
    """
    spread = reference.std() if len(reference) else 0.0
    if len(reference) < 3 or not spread:
        return "unknown"

    def line() -> float:
        """Return the slope of a line that explains the backend, 0 for none."""
        slope, offset = np.polyfit(reference, backend, 1)
        residual = (backend - slope * reference - offset).std()
        return float(slope) if residual <= NOISE * backend.std() else 0.0

    tests: tuple[tuple[Relation, Callable[[], bool]], ...] = (
        ("same", lambda: _rms(backend - reference) <= NOISE * spread),
        ("constant", lambda: not np.ptp(backend)),
        ("sigmoid", lambda: float(np.abs(backend - expit(reference)).max()) <= SIGMOID_NOISE),
        ("affine", lambda: line() > 0),
        ("reversed", lambda: line() < 0),
        ("misplaced", lambda: _rms(np.sort(backend) - np.sort(reference)) <= NOISE * spread),
        ("same-order", lambda: spearmanr(reference, backend).statistic > 0.95),
    )
    return next((relation for relation, holds in tests if holds()), "different")


def _rms(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(values**2)))


class BackendReport(Result):
    """What came of a comparison."""

    kind = "report on a backend"

    model: str
    """Name of the model."""
    benchmark: str
    """Name of the benchmark."""
    benchmark_digest: str
    """Hash of the pairs that were compared."""
    prompts: str
    """Prompt mode."""
    pairs: int
    """Pairs that were compared."""
    reference: BackendSide
    """The model in this process."""
    backend: BackendSide
    """The model behind the server."""
    agreement: RewardAgreement
    """The rewards side by side."""
    failed_once: int
    """Pairs that only one of the two could score."""
    comparison: Comparison | None
    """The backend's accuracy against the reference's, paired."""
    flipped: list[FlippedPair]
    """Pairs with another outcome (right, tie, wrong), the reference's widest margin first."""
    agrees: bool
    """Same rewards, same failures, and no more flips than may be."""
    verdict: str
    """All that in a sentence."""
    level: float
    """What intervals should cover."""
    version: str
    """Of this package."""

    def table(self) -> Group:
        """Return both sides next to each other, the verdict beneath; it fits into 80 columns."""
        from rich import box
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(
            title=f"{self.model} on {self.benchmark}, prompts: {self.prompts}", box=box.SIMPLE_HEAD, padding=(0, 1)
        )
        for name in ("", "reference", "backend"):
            table.add_column(name, justify="right" if name else "left", no_wrap=True)
        sides = (self.reference, self.backend)
        table.add_row("device / interface", *(str(s.facts.get("dialect", s.facts.get("device", "-"))) for s in sides))
        table.add_row("accuracy", *(_share(side.accuracy.value) for side in sides))
        table.add_row(f"{self.level:.0%} interval", *(_interval(side.accuracy) for side in sides))
        table.add_row("ties", *(str(side.accuracy.ties) for side in sides))
        table.add_row("truncated", *(str(side.truncated) for side in sides))
        table.add_row("failed", *(str(side.accuracy.failed) for side in sides))
        for reason in sorted({*self.reference.failed, *self.backend.failed}):
            table.add_row(f"  {reason}", *(str(side.failed.get(reason, 0)) for side in sides))
        return Group(table, Text("\n".join([self.verdict, *self._figures()])))

    def _figures(self) -> list[str]:
        found = self.agreement
        lines = [
            f"{found.responses} rewards: largest difference {_number(found.largest)}, median {_number(found.median)}; "
            f"spread {_number(found.spread)}.",
            f"Spearman {_number(found.spearman)}, Kendall {_number(found.kendall)}; backend = "
            f"{_number(found.slope)} * reference + {_number(found.offset)}, residual {_number(found.residual)}.",
        ]
        if self.comparison is not None:
            test = self.comparison
            lines.append(
                f"Backend against reference: {100 * test.difference:+.1f} points [{100 * test.low:+.1f}, "
                f"{100 * test.high:+.1f}], McNemar p = {test.p_mcnemar:.2g}."
            )
        shown = ", ".join(f"{flip.id} ({flip.reference:+.3g} → {flip.backend:+.3g})" for flip in self.flipped[:5])
        more = f" and {len(self.flipped) - 5} more" if len(self.flipped) > 5 else ""
        return [*lines, f"Flipped: {shown}{more}."] if shown else lines


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _interval(of: Accuracy) -> str:
    return "-" if of.low is None or of.high is None else f"{100 * of.low:.1f}–{100 * of.high:.1f}"


def verify_backend(model: str | Path, benchmark: str | Path, settings: BackendSettings) -> BackendReport:
    """Score pairs through a server and in this process, and compare.

    Args:
        model: The model's folder or name; its weights are read here, its tokenizer for both sides.
        benchmark: ``authored``, a file or a folder (see :func:`read_benchmark`).
        settings: The server in ``model.remote``; what else is set holds for both sides.

    Raises:
        SettingError: There is no server in the settings.
        InputError: The benchmark cannot be read, or the server is not there.
        CheckpointError: The model cannot be loaded.
    """
    remote = settings.model.remote
    if remote is None:
        raise SettingError("There is no server to compare with.", "Set model.remote.url and model.remote.dialect.")
    read = read_benchmark(benchmark)
    pairs = _spread_out(read.pairs, settings.sample)
    prompting = RunPrompts.choose(model, settings.prompts, settings.prompt_set, settings.model)
    # A server that gives probabilities is to be recognized here, not refused.
    taken = settings.model.model_copy(update={"remote": remote.model_copy(update={"probabilities": True})})
    # The server first: what is wrong with it is found in seconds, before weights are read.
    backend = load_model(model, taken)
    reference = load_model(model, settings.model.model_copy(update={"remote": None}))
    rows = [_scored(one, pairs, prompting, settings.part_pairs) for one in (reference, backend)]
    return compare_sides(
        (reference.identity, rows[0]),
        (backend.identity, rows[1]),
        (read.name, pairs_digest(pairs), prompting.mode),
        settings,
    )


def _spread_out(pairs: Sequence[BenchmarkPair], sample: int | None) -> Sequence[BenchmarkPair]:
    if sample is None or sample >= len(pairs):
        return pairs
    cuts = [round(index * len(pairs) / sample) for index in range(sample + 1)]
    return [pairs[(first + last - 1) // 2] for first, last in pairwise(cuts)]


def _scored(model: RewardModel, pairs: Sequence[BenchmarkPair], prompting: RunPrompts, part: int) -> list[PairScore]:
    parts = (pairs[first : first + part] for first in range(0, len(pairs), part))
    return [row for some in parts for row in score_pairs(model, some, prompting)]


def compare_sides(
    reference: tuple[ModelIdentity, Sequence[PairScore]],
    backend: tuple[ModelIdentity, Sequence[PairScore]],
    benchmark: tuple[str, str, str],
    settings: BackendSettings,
) -> BackendReport:
    """Compare two sets of scores of the same pairs, in the same order.

    Args:
        reference: The model in this process and its rows.
        backend: The model behind the server and its rows.
        benchmark: Name, digest and prompt mode.
        settings: Level of intervals, and how many flips may be.
    """
    sides = list(zip(reference[1], backend[1], strict=True))
    known = [(a, b) for one, two in sides for a, b in _both(one, two)]
    agreement = RewardAgreement.of([a for a, _ in known], [b for _, b in known])
    flipped = _flips(sides)
    once = sum((pair_outcome(one) is None) != (pair_outcome(two) is None) for one, two in sides)
    few = len(flipped) <= settings.most_flips * len(sides)
    facts = [
        _VERDICTS[agreement.relation],
        f"Pairs that flip: {len(flipped)} of {len(sides)}.",
        *([f"Pairs that failed on one side only: {once}."] if once else []),
    ]
    return BackendReport(
        model=reference[0].name,
        benchmark=benchmark[0],
        benchmark_digest=benchmark[1],
        prompts=benchmark[2],
        pairs=len(sides),
        reference=BackendSide.of(*reference, settings.level),
        backend=BackendSide.of(*backend, settings.level),
        agreement=agreement,
        failed_once=once,
        comparison=compare(backend[1], reference[1], settings.level),
        flipped=flipped,
        agrees=agreement.relation == "same" and not once and few,
        verdict=" ".join(facts),
        level=settings.level,
        version=themis_rm.__version__,
    )


def _both(one: PairScore, two: PairScore) -> Iterable[tuple[float, float]]:
    for a, b in ((one.chosen_score, two.chosen_score), (one.rejected_score, two.rejected_score)):
        if a is not None and b is not None:
            yield a, b


def _flips(sides: Iterable[tuple[PairScore, PairScore]]) -> list[FlippedPair]:
    flips = [
        FlippedPair(id=one.id, reference=one.score_diff, backend=two.score_diff)
        for one, two in sides
        if one.score_diff is not None and two.score_diff is not None and pair_outcome(one) != pair_outcome(two)
    ]
    return sorted(flips, key=lambda flip: (-abs(flip.reference), flip.id))
