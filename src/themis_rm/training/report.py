"""Report of a training run: counts, metrics and the checkpoint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field

from themis_rm.pipeline import StageReport
from themis_rm.results import Result
from themis_rm.training.base_record import BaseRecord
from themis_rm.training.head_training import HeadFitResult
from themis_rm.training.metrics import Metrics
from themis_rm.training.monitoring import TrainingWarning
from themis_rm.training.sampling import GroupDraws
from themis_rm.training.splits import Split
from themis_rm.training.token_cache import TokenizationCounts

REPORT_FILE = "training_report.json"
LOG_FILE = "log.jsonl"
"""Log in the output directory of a run."""
PAGE_FILE = "training_report.html"
"""Page with the curves of the run, see :mod:`themis_rm.report.training`."""
_SHOWN = ("accuracy", "low", "high", "strict_accuracy", "tie_rate", "margin")


class TrainReport(Result):
    """Result of a training run."""

    kind: ClassVar[str] = "training report"

    checkpoint: Path
    """Directory of the checkpoint; in the file relative to the report."""
    steps: int
    """Number of optimizer steps; fewer than planned if the run stopped early."""
    exported_step: int | None = None
    """Step of the exported weights: the last one, or the best one with ``load_best_model_at_end``."""
    parameters: int
    """Number of weights of the backbone and the reward head, and of LoRA matrices."""
    trained_parameters: int = 0
    """Number of weights that were trained: all, or fewer with ``peft`` or ``train_layers``."""
    data_hash: str
    """SHA-256 of the dataset."""
    format: str = ""
    """Format of the dataset's rows."""
    train: TokenizationCounts
    """Row counts of the training split."""
    validation: TokenizationCounts
    """Row counts of the validation split."""
    metrics: dict[Split, Metrics]
    """Split -> metrics of the final model on a sample of it: ``accuracy`` (ties count half) with the ends ``low`` and
    ``high`` of its 95 % interval, ``strict_accuracy``, ``tie_rate``, ``margin``, ``bradley_terry`` (mean loss) and
    ``n``, the number of pairs."""
    by_criterion: dict[Split, dict[str, Metrics]] = Field(default_factory=dict)
    """Split -> criterion -> the same metrics; empty if the dataset names no criteria."""
    by_language: dict[Split, dict[str, Metrics]] = Field(default_factory=dict)
    """Split -> programming language -> the same metrics; empty if the dataset names no languages."""
    baselines: dict[str, Metrics] = Field(default_factory=dict)
    """Baseline (``length``, ``ngrams``) -> its metrics on the same validation pairs."""
    baselines_by_criterion: dict[str, dict[str, Metrics]] = Field(default_factory=dict)
    """Baseline -> criterion -> its metrics on the same validation pairs."""
    rows: dict[Split, dict[str, dict[str, int]]] = Field(default_factory=dict)
    """Split -> ``criterion`` or ``language`` -> name -> number of its pairs."""
    length_percentiles: dict[int, int] = Field(default_factory=dict)
    """Percent -> tokens of the longer conversation of a training pair."""
    base: BaseRecord | None = None
    """The pretrained backbone; ``None`` for random weights."""
    draws: dict[str, GroupDraws] = Field(default_factory=dict)
    """Group of ``sampling`` -> number of its pairs, and how often they were drawn over all steps; empty without
    ``sampling``."""
    head_fit: HeadFitResult | None = None
    """Cross-validation of a head on frozen hidden states; ``None`` for training by gradient steps."""
    warnings: list[TrainingWarning] = Field(default_factory=list)
    """What looked wrong before or during the run."""
    seconds: float
    """Wall time since the run was last started or resumed."""
    tokens_per_second: float
    """Training tokens per second since the run was last started or resumed; tokens of both responses, no padding."""

    def to_json(self) -> str:
        """Return the content of the file, with the checkpoint relative to it."""
        relative = self.model_copy(update={"checkpoint": Path(self.checkpoint.name)})
        return super(TrainReport, relative).to_json()

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a report from a file, or from the output directory of a run.

        Raises:
            InputError: The file cannot be read, or is not a training report.
        """
        file = Path(path) / REPORT_FILE if Path(path).is_dir() else Path(path)
        report = super().load(file)
        return report.model_copy(update={"checkpoint": file.parent / report.checkpoint})

    def records(self) -> Sequence[dict[str, Any]]:
        """Return one row per split: row counts and metrics of the final model."""
        return [self._record("train", self.train), self._record("validation", self.validation)]

    def _record(self, split: Split, counts: TokenizationCounts) -> dict[str, Any]:
        metrics = self.metrics.get(split, {})
        return {
            "split": split,
            "read": counts.read,
            "kept": counts.kept,
            "dropped": sum(counts.dropped.values()),
            "truncated": counts.truncated,
            "windows": counts.windows,
            "ties": counts.ties,
            "n": int(metrics.get("n", 0)),
            **{name: metrics.get(name) for name in _SHOWN},
        }

    def summary(self) -> str:
        """Return the number of steps, the validation accuracy and the checkpoint in one line."""
        metrics = self.metrics.get("validation", {})
        accuracy = f", {100 * metrics['accuracy']:.1f} % of {metrics['n']:.0f} validation pairs" if metrics["n"] else ""
        steps = f"{self.steps} steps"
        if self.exported_step not in {None, self.steps}:
            steps = f"{self.steps} steps (best: {self.exported_step})"
        return f"{steps} on {self.train.kept:,} pairs{accuracy} -> {self.checkpoint}"

    def to_stage_report(self) -> StageReport:
        """Return the report in the form of a data stage: rows of both splits, dropped by reason."""
        dropped = Counter(self.train.dropped) + Counter(self.validation.dropped)
        return StageReport(
            "train",
            read=self.train.read + self.validation.read,
            kept=self.train.kept + self.validation.kept,
            dropped=dict(dropped),
            seconds=self.seconds,
            details=self.model_dump(mode="json", exclude={"checkpoint", "seconds"}),
        )
