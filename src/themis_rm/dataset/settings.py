"""Settings of the assembly of preference datasets."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from themis_rm.criteria import PRINCIPLES, criterion
from themis_rm.dataset.preferences import SelectionSettings
from themis_rm.dataset.splits import TimeLimits
from themis_rm.prompts import PromptMix
from themis_rm.settings import Settings
from themis_rm.settings.recipes import find_recipe


class Caps(Settings):
    """Largest number of rows of a group over all splits; ``null`` for no limit. Rows are drawn by a seeded hash."""

    criterion: int | None = Field(default=None, ge=0)
    """Largest number of rows of one criterion."""
    cell: int | None = Field(default=None, ge=0)
    """Largest number of rows of one criterion in one language."""
    language: int | None = Field(default=None, ge=0)
    """Largest number of rows of one language."""
    repository: int | None = Field(default=None, ge=0)
    """Largest number of rows of one repository."""
    source: int | None = Field(default=None, ge=0)
    """Largest number of rows of one source (commits, injection)."""
    sources: dict[str, int] = Field(default_factory=dict)
    """Source -> largest number of its rows, in place of ``source``."""
    criterion_share: float | None = Field(default=None, gt=0, le=1)
    """Largest share of one criterion in all rows, such as 0.3 where half of the labeled commits have one criterion."""
    general_share: float | None = Field(default=None, ge=0, le=1)
    """Largest share of rows that are not about code: those of the language ``NL``, or of none that is known."""

    @field_validator("sources")
    @classmethod
    def _not_negative(cls, sources: dict[str, int]) -> dict[str, int]:
        if negative := [name for name, cap in sources.items() if cap < 0]:
            raise ValueError(f"the cap of {negative[0]} must not be negative")
        return sources


def _start(day: date | None) -> int | None:
    """Return the Unix time at which a day starts (UTC)."""
    return None if day is None else int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


class AssembleSettings(SelectionSettings):
    """Settings of ``themis-rm assemble``."""

    name: str = "themis-preferences"
    """Name of the dataset on its card."""
    seed: int = 0
    """Seed of all draws: splits, sampling, order, criteria prompts."""
    tasks: list[Literal["change", "tests", "repair"]] = Field(["change", "tests"], min_length=1)
    """Tasks of the rows: ``change`` and ``tests`` keep the pairs of that task; ``repair`` adds a second row to each row
    of a commit or an injected bug, whose request has the rejected code and asks to improve it."""
    repair_share: float = Field(1.0, gt=0, le=1)
    """Share of the pairs that get a repair form, drawn by a hash of seed and pair."""
    repair_max_tokens: int = Field(4096, ge=1)
    """Most tokens (estimated) of the request of the repair form, which has the rejected code, and the longer response
    together."""
    mix: PromptMix = PromptMix()
    """Shares of rows without, with all, and with their own criteria prompt."""
    prompt_file: Path | None = None
    """Prompt set to draw criteria prompts from (YAML or JSON); by default the built-in one."""
    validation: float = Field(0.05, ge=0, lt=1)
    """Share of the rows in the validation split; repositories are not divided."""
    test: float = Field(0.05, ge=0, lt=1)
    """Share of the rows in the test split; repositories are not divided."""
    time_cutoff: Literal["auto"] | date | None = "auto"
    """Day (UTC) before which the commits of train rows are, and from which on those of validation and test rows are;
    ``auto`` for the cutoff that keeps most rows, ``null`` for none."""
    train_before: date | None = None
    """Day (UTC) before which the commits of train rows are, in place of ``time_cutoff`` (published: 2019-03-01)."""
    evaluation_from: date | None = None
    """Day (UTC) from which on those of validation and test rows are; by default ``train_before`` (published:
    2019-06-01)."""
    evaluation_before: date | None = None
    """Day (UTC) before which those of validation and test rows are (published: 2021-02-01)."""
    disjoint_repositories: bool = True
    """Whether no repository has rows in two splits. Otherwise the time of a row alone decides between train and
    evaluation."""
    min_evaluation_share: float = Field(0.5, ge=0, le=1)
    """Share of their wanted rows that validation and test must have with the cutoff that ``auto`` selects."""
    decontaminate: list[str] = Field(default_factory=lambda: ["authored"])
    """Benchmarks of which no prompt may share 13 words in a row with a request: ``authored``, files, directories, hub
    names; empty for none."""
    response_overlap: float | None = Field(0.5, gt=0, le=1)
    """Share of the runs of 13 tokens of the shorter text from which on a response, or code in a request, counts as a
    copy of a text of these benchmarks; ``null`` to compare requests only."""
    caps: Caps = Caps()
    """Limits on groups of rows."""
    equal_criteria: bool = False
    """Sample equally many rows of every criterion that has rows."""
    equal_languages: bool = False
    """Sample equally many rows of every language that has rows; for equal cells set ``caps.cell``."""
    weights: dict[str, float] = Field(default_factory=dict)
    """Criterion -> weight in the sample; missing criteria have weight 0. Empty for no weights."""
    max_samples: int | None = Field(default=None, ge=0)
    """Number of rows to sample; by default all, or with weights as many as the weights allow."""
    balance_length: bool = False
    """Subsample so that the longer response is better as often as worse, in every split, criterion and source."""
    rows_per_file: int = Field(20_000, ge=1)
    """Number of rows of an output file; one task has that many in memory."""

    @field_validator("weights")
    @classmethod
    def _known(cls, weights: dict[str, float]) -> dict[str, float]:
        if any(weight < 0 for weight in weights.values()) or (weights and not any(weights.values())):
            raise ValueError("weights must not be negative, and one must be above 0")
        principles = {principle.name for principle in PRINCIPLES}
        return {name if name in principles else criterion(name).short: weight for name, weight in weights.items()}

    @classmethod
    def find_file(cls, path: str | Path) -> Path:
        """Return the file of settings, by path or by the name of a mixture (``code``, ``general``).

        Raises:
            SettingError: The argument is not a path, and there is no mixture of this name.
        """
        return find_recipe(path, "assemble")

    def time_limits(self) -> TimeLimits:
        """Return the times that are set; none for ``auto`` and ``null``."""
        if isinstance(self.time_cutoff, date):
            return TimeLimits(_start(self.time_cutoff), _start(self.time_cutoff))
        first = self.evaluation_from or self.train_before
        return TimeLimits(_start(self.train_before or first), _start(first), _start(self.evaluation_before))

    def model_post_init(self, _: Any) -> None:
        """Check combinations of fields.

        Raises:
            ValueError: The evaluation splits take all rows, or settings exclude each other.
        """
        days = [day for day in (self.train_before, self.evaluation_from, self.evaluation_before) if day]
        if days and self.time_cutoff != "auto":
            raise ValueError("time_cutoff and train_before, evaluation_from or evaluation_before exclude each other")
        if days != sorted(days):
            raise ValueError("train_before, evaluation_from and evaluation_before must be in this order of time")
        if self.evaluation_before and not (self.train_before or self.evaluation_from):
            raise ValueError("evaluation_before needs evaluation_from, else train and evaluation rows are of one time")
        if not self.disjoint_repositories and self.time_cutoff is None:
            raise ValueError("disjoint_repositories=false divides the rows by time, which needs a time_cutoff")
        if self.validation + self.test >= 1:
            raise ValueError(f"validation + test must be below 1, not {self.validation + self.test:g}")
        if self.equal_criteria and self.weights:
            raise ValueError("equal_criteria and weights exclude each other; set one of them")
        if self.equal_languages and (self.equal_criteria or self.weights):
            raise ValueError("equal_languages excludes equal_criteria and weights; limit both with caps.cell")
