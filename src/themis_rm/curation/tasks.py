"""The task of a commit: what its request asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from themis_rm.languages.file_paths import TEST, kind_of_path
from themis_rm.records import CHANGE, TESTS


def task_of_commit(row: Mapping[str, Any]) -> str:
    """Return the task of a commit, a row of :class:`~themis_rm.records.Commit`: tests, if its file is one."""
    return TESTS if kind_of_path(row["file_path"], row["repos"]) == TEST else CHANGE
