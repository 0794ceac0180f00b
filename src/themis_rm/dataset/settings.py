"""How a preference dataset is put together."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from themis_rm.criteria import criterion
from themis_rm.prompts import PromptMix
from themis_rm.settings import Settings


class Caps(Settings):
    """Most rows of a group over all splits together; ``null`` sets no limit. Which rows stay is drawn by hash."""

    criterion: int | None = Field(default=None, ge=0)
    """Rows of one criterion."""
    cell: int | None = Field(default=None, ge=0)
    """Rows of one criterion in one language."""
    repository: int | None = Field(default=None, ge=0)
    """Rows out of one repository."""
    source: int | None = Field(default=None, ge=0)
    """Rows of one source (commits, injection)."""


class AssembleSettings(Settings):
    """Settings of ``themis-rm assemble``."""

    name: str = "themis-preferences"
    """What the dataset card calls the dataset."""
    seed: int = 0
    """Seed of every draw: splits, sampling, order, criteria prompts."""
    mix: PromptMix = PromptMix()
    """Shares of rows without, with all, and with their own criteria prompt."""
    prompts: Path | None = None
    """A prompt set to draw from (YAML or JSON); without it, the built-in one."""
    validation: float = Field(0.05, ge=0, lt=1)
    """Share of the rows that goes to the validation split, by whole repositories."""
    test: float = Field(0.05, ge=0, lt=1)
    """Share of the rows that goes to the test split, by whole repositories."""
    time_cut: Literal["auto"] | date | None = "auto"
    """Commit-born rows of train are before it, those of validation and test are not: a day (UTC), ``auto``, or none."""
    min_kept_share: float = Field(0.25, ge=0, le=1)
    """Share of its commit-born rows that each split must keep for ``auto`` to take a cut."""
    caps: Caps = Caps()
    """Limits on groups of rows."""
    equal_criteria: bool = False
    """Sample equally many rows of every criterion that has any."""
    weights: dict[str, float] = Field(default_factory=dict)
    """Criterion -> weight in the sample; criteria left out weigh nothing. Empty: no weighting."""
    total: int | None = Field(default=None, ge=0)
    """Rows to sample; with weights and without a total, as many as the weights allow."""
    balance_length: bool = False
    """Subsample so that in every split, criterion and source the longer answer is as often the better as the worse."""
    rows_per_file: int = Field(20_000, ge=1)
    """Rows of one output file, which one task holds in memory."""

    @field_validator("weights")
    @classmethod
    def _known(cls, weights: dict[str, float]) -> dict[str, float]:
        if any(weight < 0 for weight in weights.values()) or (weights and not any(weights.values())):
            raise ValueError("weights must not be negative, and one must be above 0")
        return {criterion(name).short: weight for name, weight in weights.items()}

    def model_post_init(self, _: Any) -> None:
        """Check what concerns several fields.

        Raises:
            ValueError: The splits leave nothing to train on, or two ways of weighting are asked for.
        """
        if self.validation + self.test >= 1:
            raise ValueError(f"validation + test must be below 1, not {self.validation + self.test:g}")
        if self.equal_criteria and self.weights:
            raise ValueError("give either equal_criteria or weights")
