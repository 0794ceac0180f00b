"""Judgments, and a file that stores them so that an interrupted run resumes."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from themis_rm.errors import InputError
from themis_rm.messages import Conversation, text_of
from themis_rm.models.protocol import Score
from themis_rm.storage.digests import stable_id
from themis_rm.storage.jsonl_cache import JsonlCache


@dataclass(frozen=True, slots=True)
class Judgment:
    """A judge's score of one conversation, with what it wrote.

    Attributes:
        score: The score.
        texts: The response of each sample; empty for a sample without one.
        failures: Why a sample has no score, per sample; empty for a sample with one.
        mass: Mean probability, 0 to 1, of the alternatives that could be parsed as scores; ``None`` if the reward is
            not an expected score.
    """

    score: Score
    texts: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    mass: float | None = None


class JudgmentCache:
    """A JSONL file of judgments by judge and conversation; several threads may share it.

    Args:
        path: The file; created if missing.
        judge: Digest of the judge, so that several judges can share a file.

    Raises:
        InputError: The file cannot be read or written, or is damaged.
    """

    def __init__(self, path: Path, judge: str) -> None:
        self.judge = judge
        self._lock = threading.Lock()
        try:
            self._cache = JsonlCache(path, ("score", "texts", "failures", "mass"))
        except OSError as error:
            raise InputError(
                f"Cannot store judgments in {path}: {error.strerror}.", "Set judge.cache_path to a file."
            ) from error

    def key(self, conversation: Conversation) -> str:
        """Return the cache key of a conversation."""
        return stable_id(self.judge, *(part for turn in conversation for part in (turn["role"], text_of(turn))))

    def get(self, key: str) -> Judgment | None:
        """Return a stored judgment, ``None`` if there is none.

        Raises:
            InputError: The row is not a judgment.
        """
        row = self._cache.rows.get(key)
        if row is None:
            return None
        try:
            score = Score(**{**row["score"], "notes": tuple(row["score"].get("notes", ()))})
            return Judgment(score, tuple(row["texts"]), tuple(row["failures"]), row["mass"])
        except (TypeError, AttributeError):
            raise InputError(
                f"{self._cache.path} has a row that is not a judgment (key {key}).", "Delete that row, or the file."
            ) from None

    def add(self, key: str, judgment: Judgment) -> None:
        """Store a judgment."""
        with self._lock:
            self._cache.add(key, asdict(judgment))
