"""What to take out of a git history."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Self

from pydantic import Field, field_validator, model_validator

from themis_rm.errors import SettingError, did_you_mean
from themis_rm.languages import LANGUAGES, get_language
from themis_rm.mining.licenses import LICENSES, OPEN
from themis_rm.settings import Settings


class MineSettings(Settings):
    """Rules by which commits are kept; everything that they drop is counted under a reason."""

    languages: list[str] = Field(default_factory=lambda: [row.name for row in LANGUAGES], min_length=1)
    """Languages to keep, by any of their names; a file's language is told by its ending."""
    since: date | None = None
    """Keep commits made on this day or later (committer time, UTC)."""
    until: date | None = None
    """Keep commits made before this day (committer time, UTC)."""
    max_bytes: int = Field(default=1 << 20, gt=0)
    """Largest size of either version of the file; larger ones are never read."""
    message_min: int = Field(default=11, ge=0)
    """Fewest characters of a message, whitespace around it not counted."""
    message_max: int = Field(default=14_999, ge=1)
    """Most characters of a message."""
    boilerplate: bool = False
    """Keep messages that say nothing about the change too (``wip``, version bumps, reverts, ...)."""
    licenses: list[str] = Field(default_factory=lambda: list(OPEN))
    """SPDX ids of the licenses that a repository may have; with several licenses it must have none but these."""
    any_license: bool = False
    """Take repositories whatever their license, unknown and missing ones included."""
    first_parent: bool = False
    """Walk only the first parents: what the main line saw, without the commits of merged branches."""
    alternates: bool = False
    """Let a local repository borrow objects from the folders that its ``objects/info/alternates`` names."""
    keep_clones: bool = False
    """Leave what was cloned from URLs and bundles in ``clones/`` instead of removing it once mined."""

    @field_validator("languages")
    @classmethod
    def _known_languages(cls, names: list[str]) -> list[str]:
        wanted = {get_language(name).name for name in names}
        return [row.name for row in LANGUAGES if row.name in wanted]

    @field_validator("licenses")
    @classmethod
    def _known_licenses(cls, names: list[str]) -> list[str]:
        known = {row.spdx.casefold(): row.spdx for row in LICENSES}
        for name in names:
            if name.casefold() not in known:
                raise SettingError(f"Unknown license '{name}'.", did_you_mean(name, known.values()))
        return sorted({known[name.casefold()] for name in names})

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.since and self.until and self.since >= self.until:
            raise SettingError(f"since ({self.since}) is not before until ({self.until}): nothing would be kept.")
        if self.message_min > self.message_max:
            raise SettingError("message_min is above message_max: nothing would be kept.")
        return self

    def window(self) -> tuple[int, int]:
        """Return the first second to keep and the first one not to keep, since 1970."""
        low, high = (
            int(datetime(d.year, d.month, d.day, tzinfo=UTC).timestamp()) if d else None
            for d in (self.since, self.until)
        )
        return (-(2**63) if low is None else low), (2**63 - 1 if high is None else high)
