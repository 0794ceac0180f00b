"""What curation lets through."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from themis_rm.curation.inject.step import InjectSettings
from themis_rm.languages import LANGUAGES, get_language
from themis_rm.settings import Settings


class CurateSettings(Settings):
    """Settings of ``themis-rm curate``."""

    languages: list[str] = Field(default_factory=lambda: [row.name for row in LANGUAGES])
    """Languages to keep, under any of their names."""
    require_merged: bool = False
    """Keep only commits that are known to have come in through a pull request."""
    tests: bool = False
    """Keep commits to tests too."""
    min_bytes: int = Field(24, ge=0)
    """Smallest size of either version, in bytes of UTF-8."""
    max_bytes: int = Field(65_536, ge=1)
    """Largest size of either version, in bytes of UTF-8."""
    max_tokens: int = Field(4096, ge=1)
    """Most tokens of instruction and longer version together."""
    tokenizer: Path | None = None
    """A ``tokenizer.json`` to count tokens with; without it they are estimated."""
    min_depth: int = Field(3, ge=0)
    """Levels that the syntax tree of either version must have."""
    max_rewrite: float = Field(0.8, gt=0, le=1)
    """Largest share of lines that a commit may change: beyond it the two versions are different programs."""
    min_changed_tokens: int = Field(1, ge=1)
    """Fewest tokens between the first and the last difference of a commit that changes more than comments."""
    min_subject_words: int = Field(3, ge=1)
    """Fewest words of a cleaned commit subject that is to serve as an instruction."""
    injection: InjectSettings = InjectSettings()
    """Bug injection into solutions."""

    @field_validator("languages")
    @classmethod
    def _known(cls, names: list[str]) -> list[str]:
        return [get_language(name).name for name in names]
