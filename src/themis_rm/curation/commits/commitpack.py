"""CommitPack and CommitPackFT: two versions of a file with their paths, and no time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, ClassVar

from themis_rm.curation.commits import COMMIT_FORMATS, CommitFormat, first_line
from themis_rm.errors import SettingError
from themis_rm.languages import get_language, language_of_path
from themis_rm.mining.licenses import LICENSES, UNKNOWN_LICENSE

_SPDX = {row.spdx.casefold(): row.spdx for row in LICENSES}


class CommitPack(CommitFormat):
    """Commits in the columns of CommitPack, of which ``subject``, ``lang``, ``license`` and ``repos`` may be missing.

    The repository is the first of those in ``repos``; the others are copies. The path decides the language, except of
    headers and of files without a known extension, of which ``lang`` does.
    """

    name = "commitpack"
    required: ClassVar = ("commit", "old_file", "new_file", "old_contents", "new_contents", "message")

    def read(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row."""
        license_name = row.get("license") or UNKNOWN_LICENSE
        return {
            "commit": row["commit"],
            "subject": row.get("subject") or first_line(row["message"]),
            "message": row["message"],
            "repos": _first_repository(row.get("repos")),
            "file_path": row["new_file"],
            "old_path": row["old_file"],
            "license": _SPDX.get(str(license_name).casefold(), license_name),
            "unix_time": None,
            "new_contents": row["new_contents"],
            "old_contents": row["old_contents"],
            "language": _language(row["new_file"], row.get("lang")),
        }


def _first_repository(names: Any) -> Any:
    """Return the first of several names, which are a list or a text with commas; empty for none."""
    if isinstance(names, str):
        names = names.split(",")
    return str(names[0]).strip() if isinstance(names, list) and names else ""


def _language(path: Any, name: Any) -> str:
    """Return the name of the language where the path does not decide it, else an empty text."""
    if not isinstance(path, str) or not isinstance(name, str):
        return ""
    if language_of_path(path) and PurePosixPath(path).suffix != ".h":
        return ""
    try:
        return get_language(name).name
    except SettingError:
        return ""


COMMIT_FORMATS.register(CommitPack())
