"""Settings of ``browse`` and ``agreement``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from themis_rm.dataset.preferences import DataSettings
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import PromptMode


class BrowseSettings(DataSettings):
    """Which rows are on the page, and how they are shown."""

    sample: int | None = Field(default=None, ge=1)
    """Show only this many rows: equally many of each criterion (of dropped rows also of each reason), and of each
    criterion equally many of each language, as far as there are enough. By default all."""
    seed: int = 0
    """Seed of the sample, and of the order of the two versions with ``blind``."""
    blind: bool = False
    """Show the two versions in random order, and the label and the columns only after a row has been judged."""
    max_megabytes: int = Field(default=64, ge=1)
    """Most megabytes of rows on the page; rows after that are left out and counted."""


class AgreementSettings(DataSettings):
    """How judgments are evaluated."""

    confidence_level: float = Field(default=0.95, gt=0.5, lt=1)
    """Confidence level of the intervals."""
    interval: Literal["exact", "wilson"] = "exact"
    """Interval of shares: ``exact`` (Clopper and Pearson) or ``wilson``."""
    prompts: PromptMode = "own"
    """Criteria prompt of the model: none, all criteria, or the pair's own criterion."""
    model: ModelSettings = ModelSettings()
    """How the model is loaded and run: device, dtype, maximum length, ..."""
