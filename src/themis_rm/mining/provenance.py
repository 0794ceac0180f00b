"""How commits came into a history and whether they stayed: pull requests and reverts, told from the whole of it."""

from __future__ import annotations

import bisect
import hashlib
from array import array

from themis_rm.mining.messages import is_pull_request_merge, is_squash, reverted_hashes, reverted_subject

_PLAIN, _MERGED = 1, 2


def _key(subject: bytes) -> bytes:
    return hashlib.blake2b(subject.strip(), digest_size=8).digest()


class Provenance:
    """Collects what the commits of one history say about each other.

    Every commit is noted once, in any order; then :meth:`finish`, then ask. A commit takes some hundred bytes.
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

    def note(self, oid: bytes, parents: list[bytes], time: int, subject: bytes, message: bytes) -> int:
        """Take in a commit.

        Args:
            oid: Its hash, in hex.
            parents: Hashes of its parents.
            time: Committer time.
            subject: First paragraph of its message.
            message: The message.

        Returns:
            Its number, to ask with.
        """
        number = self._number(oid)
        self._parents[number] = tuple(self._number(parent) for parent in parents)
        if len(parents) > 1 and is_pull_request_merge(message):
            self._pull_requests.add(number)
        key = _key(subject)
        self._subjects[key] = None if key in self._subjects else (number, time)
        self._hashes.update(reverted_hashes(message))
        back = reverted_subject(subject)
        if back:
            self._reverted_subjects.append((_key(back), time))
        return number

    def finish(self, head: bytes) -> None:
        """Draw the conclusions, once all commits that ``head`` reaches are noted."""
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
        """Tell whether another commit says that it reverts this one."""
        return number in self._reverted

    def _by_hash(self) -> set[int]:
        found: set[int] = set()
        ordered: list[bytes] = []
        for text in sorted(self._hashes):
            whole = bytes.fromhex(text[: len(text) // 2 * 2].decode("ascii"))
            if whole in self._numbers and len(text) % 2 == 0:
                found.add(self._numbers[whole])
                continue
            ordered = ordered or sorted(self._numbers)
            place = bisect.bisect_left(ordered, whole)
            near = [oid for oid in ordered[place : place + 64] if oid.hex().encode().startswith(text)]
            if len(near) == 1:
                found.add(self._numbers[near[0]])
        return found

    def _by_subject(self) -> set[int]:
        found = set()
        for key, time in self._reverted_subjects:
            target = self._subjects.get(key)
            if target is not None and target[1] <= time:
                found.add(target[0])
        return found


def _merged_states(head: int, parents: dict[int, tuple[int, ...]], pull_requests: set[int]) -> bytearray:
    """Mark the commits that a pull request brought in.

    The main line (first parents from ``head``) is walked from its oldest merge to its newest; what a merge's further
    parents reach that nothing older has reached came in through that merge, and inside it the same rule holds again.
    So each commit is visited once, where asking git for ``second ^first`` at every merge would visit most many times.

    Args:
        head: Number of the newest commit.
        parents: Number of each commit -> its parents' numbers.
        pull_requests: Numbers of the merges of pull requests.

    Returns:
        One byte a commit: 0 not reached, 1 on the main line or merged otherwise, 2 brought in by a pull request.
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
                # A stack: the oldest merge's first branch is pushed last, so it and all inside it come first.
                tips.append(other)
                marks.append(_MERGED if commit in pull_requests else mark)
            commit = first
    return state
