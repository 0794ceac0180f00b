"""Provenance of commits: which ones came through pull requests, and which ones were reverted later."""

from __future__ import annotations

import bisect
import hashlib
from array import array

from themis_rm.mining.messages import is_pull_request_merge, is_squash, reverted_hashes, reverted_subject

_PLAIN, _MERGED = 1, 2


def _key(subject: bytes) -> bytes:
    return hashlib.blake2b(subject.strip(), digest_size=8).digest()


class Provenance:
    """Collects references between the commits of one history.

    Call :meth:`add` once per commit in any order, then :meth:`finish`, then query. A commit takes about 100 bytes.
    """

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._parents: dict[int, tuple[int, ...]] = {}
        self._pull_requests: set[int] = set()
        self._subjects: dict[bytes, tuple[int, int] | None] = {}
        self._hashes: set[bytes] = set()
        self._reverted_subjects: list[tuple[bytes, int]] = []
        self._reverted: set[int] = set()
        self._state = bytearray()

    def _number(self, oid: bytes) -> int:
        return self._numbers.setdefault(bytes.fromhex(oid.decode("ascii")), len(self._numbers))

    def add(self, oid: bytes, parents: list[bytes], time: int, subject: bytes, message: bytes) -> int:
        """Add a commit.

        Args:
            oid: Its hash, in hex.
            parents: Hashes of its parents.
            time: Committer time.
            subject: First paragraph of its message.
            message: The message.

        Returns:
            Its number for queries.
        """
        number = self._number(oid)
        self._parents[number] = tuple(self._number(parent) for parent in parents)
        if len(parents) > 1 and is_pull_request_merge(message):
            self._pull_requests.add(number)
        key = _key(subject)
        self._subjects[key] = None if key in self._subjects else (number, time)
        self._hashes.update(reverted_hashes(message))
        reverted = reverted_subject(subject)
        if reverted:
            self._reverted_subjects.append((_key(reverted), time))
        return number

    def graph(self) -> tuple[dict[bytes, int], dict[int, tuple[int, ...]]]:
        """Return the number of each commit by its hash, and the parents of each number."""
        return self._numbers, self._parents

    def finish(self, head: bytes) -> None:
        """Resolve the references after all commits that are reachable from ``head`` have been added."""
        self._state = _merged_states(
            self._numbers[bytes.fromhex(head.decode("ascii"))], self._parents, self._pull_requests
        )
        self._reverted = self._by_hash() | self._by_subject()

    def merged(self, number: int, subject: bytes) -> str:
        """Return ``merge``, ``squash`` or ``none``, as :class:`themis_rm.records.Commit` defines them."""
        if number < len(self._state) and self._state[number] == _MERGED:
            return "merge"
        return "squash" if is_squash(subject) else "none"

    def reverted(self, number: int) -> bool:
        """Return whether another commit reverts this one."""
        return number in self._reverted

    def _by_hash(self) -> set[int]:
        reverted: set[int] = set()
        ordered: list[bytes] = []
        for text in sorted(self._hashes):
            prefix = bytes.fromhex(text[: len(text) // 2 * 2].decode("ascii"))
            if prefix in self._numbers and len(text) % 2 == 0:
                reverted.add(self._numbers[prefix])
                continue
            ordered = ordered or sorted(self._numbers)
            start = bisect.bisect_left(ordered, prefix)
            matches = [oid for oid in ordered[start : start + 64] if oid.hex().encode().startswith(text)]
            if len(matches) == 1:
                reverted.add(self._numbers[matches[0]])
        return reverted

    def _by_subject(self) -> set[int]:
        reverted = set()
        for key, time in self._reverted_subjects:
            target = self._subjects.get(key)
            if target is not None and target[1] <= time:
                reverted.add(target[0])
        return reverted


def _merged_states(head: int, parents: dict[int, tuple[int, ...]], pull_requests: set[int]) -> bytearray:
    """Mark the commits that came in through a pull request.

    The main line (first parents from ``head``) is walked from its oldest merge to its newest. Commits that a merge's
    further parents reach, and that nothing older reaches, came in through that merge; the same rule applies within the
    merged branch. Each commit is visited once, whereas ``git log second ^first`` for every merge would visit most
    commits many times.

    Args:
        head: Number of the newest commit.
        parents: Number of each commit -> its parents' numbers.
        pull_requests: Numbers of the merges of pull requests.

    Returns:
        One byte per commit: 0 for not reachable, 1 for the main line or other merges, 2 for pull requests.
    """
    size = 1 + max([head, *parents, *(p for ps in parents.values() for p in ps)])
    state = bytearray(size)
    tips, marks = array("q", [head]), bytearray([_PLAIN])
    while tips:
        commit, mark = tips.pop(), marks.pop()
        while not state[commit]:
            state[commit] = mark
            first, *others = parents.get(commit) or (commit,)
            for other in reversed(others):
                # A stack: the first branch of the oldest merge is pushed last, so that it is walked first.
                tips.append(other)
                marks.append(_MERGED if commit in pull_requests else mark)
            commit = first
    return state
