"""Drop commits to files that are not code of the project itself."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field, field_validator

from themis_rm.curation.filters import COMMITS, FILTERS, CurationFilter, OptionalFilterSettings
from themis_rm.languages.file_contents import BYTE_ORDER_MARK, FILE_KINDS, check_kinds, kind_of_content
from themis_rm.languages.file_paths import kind_of_path
from themis_rm.pipeline import FilterResult


class FileKindSettings(OptionalFilterSettings):
    """Settings of the filter of file kinds."""

    keep: list[str] = Field(default_factory=list)
    """Kinds of files to keep, by their reason (``test-file``, ``example``, ...). Commits to tests become pairs of the
    task ``tests``."""

    @field_validator("keep")
    @classmethod
    def _known(cls, kinds: list[str]) -> list[str]:
        return check_kinds(kinds)


@FILTERS.register
class FileKindFilter(CurationFilter):
    """Drops commits to files that are not code of the project itself: tests, vendored or generated files and others."""

    name = "file_kind"
    order = 40
    stages = (COMMITS,)
    reasons: ClassVar = {**FILE_KINDS, "byte-order-mark": "only the byte order mark differs"}
    Settings = FileKindSettings

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Check path and texts, and remove byte order marks."""
        versions = [row[column] for column in self.versions]
        plain = [text.removeprefix(BYTE_ORDER_MARK) for text in versions]
        if plain[0] == plain[1] and versions[0] != versions[1]:
            return False, "byte-order-mark"
        row.update(zip(self.versions, plain, strict=True))
        path = row["file_path"]
        kinds = {kind_of_path(path, row["repos"]), *(kind_of_content(text, path) for text in plain)}
        dropped = next((kind for kind in FILE_KINDS if kind in kinds and kind not in self.settings.keep), "")
        return not dropped or (False, dropped)
