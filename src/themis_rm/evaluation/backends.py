"""Verify a model server: compare its rewards with those of the same model run in this process.

The reference is the model run in this process. The backend is a server with the same weights, which receives the same
token ids or texts. A usable backend returns the reference's rewards up to rounding errors; otherwise the report says
how its values relate to the reference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import expit
from scipy.stats import kendalltau, spearmanr

import themis_rm
from themis_rm.benchmark.pairs import AUTHORED, pairs_digest, read_benchmark
from themis_rm.dataset.preferences import DataSettings
from themis_rm.errors import SettingError
from themis_rm.evaluation.columns import accuracy_record, format_interval, format_number, format_percent
from themis_rm.evaluation.evaluate import RunPrompts, ScoringSettings, score_benchmark, take_sample
from themis_rm.evaluation.failures import failure_reasons
from themis_rm.evaluation.statistics import Accuracy, Comparison, compare, pair_outcome
from themis_rm.models.loading import load_model
from themis_rm.models.protocol import ModelIdentity
from themis_rm.records import PairScore
from themis_rm.results import Result, ResultPart

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

Relation = Literal["same", "sigmoid", "affine", "negated", "constant", "permuted", "monotonic", "different", "unknown"]

NOISE = 0.05
"""Largest root mean square error, in standard deviations of the rewards, that half precision may cause."""
SIGMOID_NOISE = 0.02
"""Largest error of a probability in half precision."""

_MESSAGES: dict[Relation, str] = {
    "same": "The backend returns the reference's rewards.",
    "sigmoid": "The backend returns the sigmoid of the reward, which loses precision for large rewards. Disable its "
    "activation function.",
    "affine": "The backend returns the rewards on another scale; pairs compare the same, values do not.",
    "negated": "The backend returns the rewards with the opposite sign: it prefers what the reference rejects.",
    "constant": "The backend returns the same value for every conversation, as a softmax over one label does.",
    "permuted": "The backend returns the reference's rewards for other conversations.",
    "monotonic": "The backend returns other values in nearly the same order.",
    "different": "The backend returns other rewards: another model, other tokens or another reward head.",
    "unknown": "Too few conversations have a reward from both sides.",
}


class BackendSettings(ScoringSettings, DataSettings):
    """How a backend is compared with the reference; ``model.remote`` describes the server."""

    max_flip_rate: float = Field(default=0.01, ge=0, le=1)
    """Largest share of pairs whose outcome may differ if backend and reference agree."""


class BackendSide(ResultPart):
    """Scores of one of the two sides."""

    digest: str
    """Hash of the model."""
    facts: dict[str, str | int]
    """Further facts that change its rewards."""
    accuracy: Accuracy
    """Accuracy over all pairs; a failed pair counts as a loss."""
    failed: dict[str, int]
    """Reason -> responses without a reward."""
    truncated: int
    """Pairs with a truncated response."""

    @classmethod
    def from_scores(cls, identity: ModelIdentity, rows: Sequence[PairScore], level: float) -> Self:
        """Summarize the scored pairs of one side."""
        reasons = Counter(reason for row in rows for reason in failure_reasons(row))
        truncated = sum("truncated" in row.note for row in rows)
        return cls(
            digest=identity.digest,
            facts=identity.facts,
            accuracy=Accuracy.from_scores(rows, level),
            failed=dict(sorted(reasons.items())),
            truncated=truncated,
        )


class FlippedPair(ResultPart):
    """A pair whose outcome differs between reference and backend."""

    id: str
    """The pair."""
    reference: float
    """Margin of the reference: reward of the chosen response minus that of the rejected one."""
    backend: float
    """Margin of the backend."""


class RewardAgreement(ResultPart):
    """Agreement of the rewards of single responses; figures are ``None`` if there are too few responses."""

    responses: int
    """Responses with a reward from both sides."""
    relation: Relation
    """How the backend's rewards relate to the reference's."""
    largest: float | None
    """Largest absolute difference of rewards."""
    median: float | None
    """Median absolute difference of rewards."""
    spread: float | None
    """Standard deviation of the reference's rewards."""
    slope: float | None
    """Slope of the least-squares line that predicts the backend's reward from the reference's."""
    offset: float | None
    """Intercept of that line."""
    residual: float | None
    """Standard deviation of the backend's rewards around that line."""
    spearman: float | None
    """Rank correlation (Spearman, 1904)."""
    kendall: float | None
    """Rank correlation tau-b (Kendall, 1945)."""

    @classmethod
    def from_rewards(cls, reference: Sequence[float], backend: Sequence[float]) -> Self:
        """Compare rewards of the same responses in the same order."""
        a, b = np.array(reference, dtype=np.float64), np.array(backend, dtype=np.float64)
        gaps = np.abs(a - b)
        varied = len(a) >= 3 and bool(np.ptp(a)) and bool(np.ptp(b))
        slope, offset = (float(value) for value in np.polyfit(a, b, 1)) if varied else (None, None)
        return cls(
            responses=len(a),
            relation=find_relation(a, b),
            largest=float(gaps.max()) if len(a) else None,
            median=float(np.median(gaps)) if len(a) else None,
            spread=float(a.std()) if len(a) else None,
            slope=slope,
            offset=offset,
            residual=None if slope is None else float((b - slope * a - (offset or 0.0)).std()),
            spearman=float(spearmanr(a, b).statistic) if varied else None,
            kendall=float(kendalltau(a, b).statistic) if varied else None,
        )


def find_relation(reference: NDArray[np.float64], backend: NDArray[np.float64]) -> Relation:
    """Return how a backend's rewards relate to the reference's.

    Relations are tested from the closest ("same") to the weakest; the first that holds within half-precision noise is
    returned.

    Args:
        reference: Rewards of the reference, shape ``[responses]``.
        backend: Rewards of the backend, shape ``[responses]``.
    """
    spread = reference.std() if len(reference) else 0.0
    if len(reference) < 3 or not spread:
        return "unknown"

    def fitted_slope() -> float:
        """Return the slope of a line that explains the backend's rewards, 0 if there is none."""
        slope, offset = np.polyfit(reference, backend, 1)
        residual = (backend - slope * reference - offset).std()
        return float(slope) if residual <= NOISE * backend.std() else 0.0

    tests: tuple[tuple[Relation, Callable[[], bool]], ...] = (
        ("same", lambda: _rms(backend - reference) <= NOISE * spread),
        ("constant", lambda: not np.ptp(backend)),
        ("sigmoid", lambda: float(np.abs(backend - expit(reference)).max()) <= SIGMOID_NOISE),
        ("affine", lambda: fitted_slope() > 0),
        ("negated", lambda: fitted_slope() < 0),
        ("permuted", lambda: _rms(np.sort(backend) - np.sort(reference)) <= NOISE * spread),
        ("monotonic", lambda: spearmanr(reference, backend).statistic > 0.95),
    )
    return next((relation for relation, holds in tests if holds()), "different")


def _rms(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(values**2)))


class BackendReport(Result):
    """Result of the comparison of a backend with the reference."""

    kind = "report on a backend"

    model: str
    """Name of the model."""
    benchmark: str
    """Name of the benchmark."""
    benchmark_digest: str
    """Hash of the compared pairs."""
    prompts: str
    """Prompt mode."""
    pairs: int
    """Number of compared pairs."""
    reference: BackendSide
    """The model run in this process."""
    backend: BackendSide
    """The model run by the server."""
    agreement: RewardAgreement
    """Agreement of the rewards."""
    failed_once: int
    """Pairs that only one of the two could score."""
    comparison: Comparison | None
    """Paired comparison of the backend's accuracy with the reference's."""
    flipped: list[FlippedPair]
    """Pairs with another outcome (right, tie, wrong), sorted by the reference's margin, the largest first."""
    agrees: bool
    """Whether rewards and failures are the same and at most ``max_flip_rate`` of the pairs flip."""
    verdict: str
    """The conclusion in words."""
    confidence_level: float
    """Confidence level of the intervals."""
    version: str
    """Version of this package."""

    def records(self) -> list[dict[str, Any]]:
        """Return one row per side: the model in this process and the backend."""
        return [
            {"model": f"{self.model} ({name})", **accuracy_record(side.accuracy), "truncated": side.truncated}
            for name, side in (("reference", self.reference), ("backend", self.backend))
        ]

    def summary(self) -> str:
        """Return whether the backend agrees with the reference, and why."""
        return f"{'agrees' if self.agrees else 'does not agree'} on {self.pairs} pairs. {self.verdict}"

    def table(self) -> Group:
        """Return a table of both sides and the conclusion, for a terminal of 80 columns."""
        from rich.console import Group
        from rich.text import Text

        return Group(self._side_table(), Text("\n".join([self.verdict, *self._agreement_lines()])))

    def _side_table(self) -> Table:
        from rich import box
        from rich.table import Table

        title = f"{self.model} on {self.benchmark}, prompts: {self.prompts}"
        table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1))
        for name in ("", "reference", "backend"):
            table.add_column(name, justify="right" if name else "left", no_wrap=True)
        sides = (self.reference, self.backend)
        accuracies = [side.accuracy for side in sides]
        table.add_row("device / dialect", *(str(s.facts.get("dialect", s.facts.get("device", "-"))) for s in sides))
        table.add_row("n", *(str(of.n) for of in accuracies))
        table.add_row("accuracy", *(format_percent(of.value) for of in accuracies))
        table.add_row(f"{self.confidence_level:.0%} interval", *(format_interval(of.low, of.high) for of in accuracies))
        table.add_row("strict", *(format_percent(of.strict) for of in accuracies))
        table.add_row("ties", *(str(of.ties) for of in accuracies))
        table.add_row("truncated", *(str(side.truncated) for side in sides))
        table.add_row("failed", *(str(of.failed) for of in accuracies))
        for reason in sorted({*self.reference.failed, *self.backend.failed}):
            table.add_row(f"  {reason}", *(str(side.failed.get(reason, 0)) for side in sides))
        return table

    def _agreement_lines(self) -> list[str]:
        figures = {name: format_number(getattr(self.agreement, name)) for name in _AGREEMENT_FIGURES}
        lines = [
            f"{self.agreement.responses} rewards: largest difference {figures['largest']}, median "
            f"{figures['median']}; standard deviation {figures['spread']}.",
            f"Spearman {figures['spearman']}, Kendall {figures['kendall']}; backend = {figures['slope']} * reference + "
            f"{figures['offset']}, residual {figures['residual']}.",
        ]
        if self.comparison is not None:
            test = self.comparison
            lines.append(
                f"Backend minus reference: {100 * test.difference:+.1f} points [{100 * test.low:+.1f}, "
                f"{100 * test.high:+.1f}], McNemar p = {test.p_mcnemar:.2g}."
            )
        shown = ", ".join(f"{flip.id} ({flip.reference:+.3g} → {flip.backend:+.3g})" for flip in self.flipped[:5])
        more = f" and {len(self.flipped) - 5} more" if len(self.flipped) > 5 else ""
        return [*lines, f"Flipped: {shown}{more}."] if shown else lines


_AGREEMENT_FIGURES = ("largest", "median", "spread", "spearman", "kendall", "slope", "offset", "residual")


def verify_backend(
    model: str | Path, benchmark: str | Path = AUTHORED, settings: BackendSettings | None = None
) -> BackendReport:
    """Score pairs with a server and in this process, and compare the rewards.

    Args:
        model: Model directory or hub name; its weights are loaded here, its tokenizer is used for both sides.
        benchmark: ``authored``, a file or a directory (see :func:`~themis_rm.benchmark.pairs.read_benchmark`).
        settings: The server in ``model.remote``; all other settings apply to both sides.

    Raises:
        SettingError: The settings name no server.
        InputError: The benchmark cannot be read, or the server cannot be reached.
        CheckpointError: The model cannot be loaded.
    """
    settings = settings or BackendSettings()
    remote = settings.model.remote
    if remote is None:
        raise SettingError("No server to compare with.", "Set model.remote.url and model.remote.dialect.")
    read, _ = take_sample(read_benchmark(benchmark, settings=settings.reader_settings()), settings.limit)
    prompts = RunPrompts.load(model, settings.prompts, settings.prompt_set, settings.model)
    # A server that returns probabilities must be recognized here, not refused.
    accepting = settings.model.model_copy(update={"remote": remote.model_copy(update={"probabilities": True})})
    # The server first: its errors show within seconds, before weights are loaded.
    backend = load_model(model, accepting)
    reference = load_model(model, settings.model.model_copy(update={"remote": None}))
    rows = [score_benchmark(side, read, prompts, None, settings) for side in (reference, backend)]
    return compare_sides(
        (reference.identity, rows[0]),
        (backend.identity, rows[1]),
        (read.name, pairs_digest(read.pairs), prompts.mode),
        settings,
    )


def compare_sides(
    reference: tuple[ModelIdentity, Sequence[PairScore]],
    backend: tuple[ModelIdentity, Sequence[PairScore]],
    benchmark: tuple[str, str, str],
    settings: BackendSettings,
) -> BackendReport:
    """Compare two sets of scores of the same pairs in the same order.

    Args:
        reference: Identity and scored pairs of the model in this process.
        backend: Identity and scored pairs of the model behind the server.
        benchmark: Name and digest of the benchmark, and the prompt mode.
        settings: Confidence level and largest share of flipped pairs.
    """
    sides = list(zip(reference[1], backend[1], strict=True))
    rewards = [(a, b) for one, two in sides for a, b in _shared_rewards(one, two)]
    agreement = RewardAgreement.from_rewards([a for a, _ in rewards], [b for _, b in rewards])
    flipped = _find_flips(sides)
    failed_once = sum((pair_outcome(one) is None) != (pair_outcome(two) is None) for one, two in sides)
    few_flips = len(flipped) <= settings.max_flip_rate * len(sides)
    verdict = [
        _MESSAGES[agreement.relation],
        f"Pairs that flip: {len(flipped)} of {len(sides)}.",
        *([f"Pairs that failed on one side only: {failed_once}."] if failed_once else []),
    ]
    level = settings.confidence_level
    return BackendReport(
        model=reference[0].name,
        benchmark=benchmark[0],
        benchmark_digest=benchmark[1],
        prompts=benchmark[2],
        pairs=len(sides),
        reference=BackendSide.from_scores(*reference, level),
        backend=BackendSide.from_scores(*backend, level),
        agreement=agreement,
        failed_once=failed_once,
        comparison=compare(backend[1], reference[1], level),
        flipped=flipped,
        agrees=agreement.relation == "same" and not failed_once and few_flips,
        verdict=" ".join(verdict),
        confidence_level=level,
        version=themis_rm.__version__,
    )


def _shared_rewards(one: PairScore, two: PairScore) -> Iterable[tuple[float, float]]:
    for a, b in ((one.chosen_score, two.chosen_score), (one.rejected_score, two.rejected_score)):
        if a is not None and b is not None:
            yield a, b


def _find_flips(sides: Iterable[tuple[PairScore, PairScore]]) -> list[FlippedPair]:
    flips = [
        FlippedPair(id=one.id, reference=one.score_diff, backend=two.score_diff)
        for one, two in sides
        if one.score_diff is not None and two.score_diff is not None and pair_outcome(one) != pair_outcome(two)
    ]
    return sorted(flips, key=lambda flip: (-abs(flip.reference), flip.id))
