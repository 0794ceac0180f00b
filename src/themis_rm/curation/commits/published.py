"""The published commit columns, which ``mine`` writes; those that say where a commit is from may be missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from themis_rm.curation.commits import COMMIT_FORMATS, CommitFormat, first_line
from themis_rm.mining.licenses import UNKNOWN_LICENSE


class Published(CommitFormat):
    """Commits in the published columns."""

    name = "published"
    required: ClassVar = ("commit", "message", "file_path", "new_contents", "old_contents")

    def read(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row; a missing subject is the first line of the message."""
        defaults = {"repos": "", "license": UNKNOWN_LICENSE, "unix_time": None}
        given = {name: value for name, value in row.items() if value is not None}
        return {**defaults, "subject": first_line(row.get("message")), **given}


COMMIT_FORMATS.register(Published())
