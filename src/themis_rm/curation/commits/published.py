"""The published commit columns, which ``mine`` writes; those that say where a commit is from may be missing."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
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
        values = {**defaults, "subject": first_line(row.get("message")), **given}
        return {**values, "unix_time": seconds_of(values["unix_time"])}


def seconds_of(time: Any) -> Any:
    """Return a time as seconds since 1970: of a number, a time, or a text of either; anything else as it is.

    A time without a zone is in UTC.
    """
    if isinstance(time, str):
        try:
            time = float(time) if _NUMBER.fullmatch(time) else datetime.fromisoformat(time)
        except ValueError:
            return time
    if isinstance(time, datetime):
        time = (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    return int(time) if isinstance(time, float) and math.isfinite(time) else time


_NUMBER = re.compile(r"-?\d{1,15}(\.\d*)?")


COMMIT_FORMATS.register(Published())
