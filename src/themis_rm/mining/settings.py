"""Settings of the mining of git histories."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from themis_rm.errors import SettingError, did_you_mean
from themis_rm.languages import LANGUAGES, get_language
from themis_rm.mining.license_expressions import ids_of, normalize
from themis_rm.mining.licenses import LICENSES, OPEN_LICENSES
from themis_rm.settings import Settings


def _spdx_id(name: str, known: Iterable[str]) -> str:
    expression = normalize(name)
    if expression is None or len(ids_of(expression)) != 1:
        raise SettingError(f"Unknown license '{name}'.", did_you_mean(name, known))
    return expression


class MineSettings(Settings):
    """Settings of ``themis-rm mine`` for git repositories; dropped commits are counted by reason."""

    languages: list[str] = Field(default_factory=lambda: [row.name for row in LANGUAGES], min_length=1)
    """Languages to keep, by any of their names; the extension of a file decides its language."""
    since: date | None = None
    """Keep commits from this day on (committer time, UTC)."""
    until: date | None = None
    """Keep commits from before this day (committer time, UTC)."""
    extra_files: Literal["none", "tests-and-docs"] = "none"
    """What a commit may change besides one source file: nothing, or tests and documents too, such as changelogs. Tests
    are kept with their contents after the commit."""
    max_extra_files: int = Field(default=32, ge=1)
    """Most tests and documents of a commit, with ``extra_files``."""
    max_bytes: int = Field(default=1 << 20, gt=0)
    """Largest size in bytes of either version of the file, and of the tests of a commit together; larger ones are never
    read."""
    min_message_length: int = Field(default=11, ge=0)
    """Fewest characters of a message, without surrounding whitespace."""
    max_message_length: int = Field(default=14_999, ge=1)
    """Most characters of a message, without surrounding whitespace."""
    keep_boilerplate: bool = False
    """Keep commits with uninformative messages too (``wip``, version bumps, reverts, ...)."""
    licenses: list[str] = Field(default_factory=lambda: list(OPEN_LICENSES))
    """SPDX ids of the accepted licenses: all licenses that hold for a file, and one of those to choose from."""
    any_license: bool = False
    """Accept any license, including unknown and missing ones."""
    first_parent: bool = False
    """Follow only first parents: the main line without the commits of merged branches."""
    branch: str = ""
    """Branch whose history is mined, such as ``main`` or ``origin/main``; by default that of ``HEAD``."""
    alternates: bool = False
    """Allow local repositories to borrow objects from other directories, by ``objects/info/alternates`` or links."""
    keep_clones: bool = False
    """Keep clones of URLs and bundles in ``clones/`` instead of deleting them after mining."""

    @field_validator("languages")
    @classmethod
    def _known_languages(cls, names: list[str]) -> list[str]:
        wanted = {get_language(name).name for name in names}
        return [row.name for row in LANGUAGES if row.name in wanted]

    @field_validator("licenses")
    @classmethod
    def _known_licenses(cls, names: list[str]) -> list[str]:
        known = {row.spdx.casefold(): row.spdx for row in LICENSES}
        return sorted({known.get(name.casefold()) or _spdx_id(name, known.values()) for name in names})

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.since and self.until and self.since >= self.until:
            raise SettingError(
                f"since ({self.since}) is not before until ({self.until}), so no commit could be kept.",
                "Set an earlier since or a later until.",
            )
        if self.min_message_length > self.max_message_length:
            raise SettingError(
                "min_message_length is above max_message_length, so no commit could be kept.", "Lower the former."
            )
        return self

    def window(self) -> tuple[int, int]:
        """Return the Unix times from which on and before which commits are kept."""
        low, high = (
            int(datetime(d.year, d.month, d.day, tzinfo=UTC).timestamp()) if d else None
            for d in (self.since, self.until)
        )
        return (-(2**63) if low is None else low), (2**63 - 1 if high is None else high)
