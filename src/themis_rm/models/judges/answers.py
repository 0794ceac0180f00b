"""What a judge wrote, kept in a file: the reasons to read later, and no question asked twice."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from themis_rm.errors import InputError
from themis_rm.models.protocol import Score
from themis_rm.prompts import Conversation
from themis_rm.storage.digests import stable_id


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a judge thinks of one conversation, with its reasons.

    Attributes:
        score: What goes into results.
        texts: The answers, one a sample, as they came; empty where none came.
        failures: Per sample why it has no score; empty where it has one.
        mass: Mean probability, 0 to 1, that the readable alternatives of the score had; ``None`` where the reward is
            no expectation.
    """

    score: Score
    texts: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    mass: float | None = None


class Answers:
    """A JSONL file of opinions, one a line, found again by judge and conversation.

    Lines are read when they are needed; in memory there is their place alone. A line that a kill cut off is passed
    over. Several judges may share a file, and several threads a judge.

    Args:
        path: The file; made where there is none.
        judge: Digest of the judge, on which answers depend.

    Raises:
        InputError: The file cannot be read or written.
    """

    def __init__(self, path: Path, judge: str) -> None:
        self.path = path
        self.judge = judge
        self._lock = threading.Lock()
        self._places: dict[str, int] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab+") as handle:
                handle.seek(0)
                place = 0
                for line in handle:
                    if line.endswith(b"\n") and (key := _key_in(line)):
                        self._places[key] = place
                    place += len(line)
                if place and not line.endswith(b"\n"):
                    handle.write(b"\n")  # what follows must not join a line that a kill cut off
        except OSError as error:
            raise InputError(f"Cannot keep answers in {path}: {error.strerror}.") from error

    def key(self, conversation: Conversation) -> str:
        """Return under what an opinion of this judge is kept."""
        return stable_id(self.judge, *(part for turn in conversation for part in (turn["role"], turn["content"])))

    def get(self, key: str) -> Opinion | None:
        """Return a kept opinion."""
        place = self._places.get(key)
        if place is None:
            return None
        with self.path.open("rb") as handle:
            handle.seek(place)
            line = handle.readline()
        if _key_in(line) != key:
            return None  # another process has written at the same time: its line stands there
        row = json.loads(line)
        return Opinion(Score(**row["score"]), tuple(row["texts"]), tuple(row["failures"]), row["mass"])

    def keep(self, key: str, opinion: Opinion) -> None:
        """Append an opinion."""
        row: dict[str, Any] = {"key": key, **asdict(opinion)}
        line = json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        with self._lock, self.path.open("ab") as handle:
            self._places[key] = handle.seek(0, 2)
            handle.write(line)


def _key_in(line: bytes) -> str:
    try:
        return str(json.loads(line)["key"])
    except (ValueError, KeyError, TypeError):
        return ""
