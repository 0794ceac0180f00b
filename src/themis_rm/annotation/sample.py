"""Choose the rows to read: a stratified sample, within a limit of size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from themis_rm.annotation.rows import AnnotationRow
from themis_rm.storage.digests import stable_id


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the sample needs to know of a row.

    Attributes:
        group: Criterion and reason.
        language: Programming language.
        rank: Pseudo-random place of the row, by seed, id and digest.
    """

    group: tuple[str, str]
    language: str
    rank: str

    @classmethod
    def of(cls, row: AnnotationRow, seed: int) -> Candidate:
        """Return the candidate of a row."""
        return cls((row.pair.aspect, row.reason), row.pair.language, stable_id(str(seed), row.id, row.digest))


def stratified_sample(candidates: Sequence[Candidate], size: int) -> list[int]:
    """Return the indices of a sample in random order, which does not depend on the order of the candidates.

    Groups take turns, and of a group its languages, so that each has equally many rows as far as there are enough.
    """
    strata: dict[tuple[str, str], dict[str, list[int]]] = {}
    for index in sorted(range(len(candidates)), key=lambda index: candidates[index].rank):
        one = candidates[index]
        strata.setdefault(one.group, {}).setdefault(one.language, []).append(index)
    queues = [list(_take_turns(strata[group].values())) for group in sorted(strata)]
    chosen = [index for index, _ in zip(_take_turns(queues), range(size), strict=False)]
    return sorted(chosen, key=lambda index: candidates[index].rank)


def _take_turns(queues: Iterable[Sequence[int]]) -> Iterable[int]:
    """Yield the first item of each sequence, then the second of each, and so on."""
    ordered = list(queues)
    longest = max(map(len, ordered), default=0)
    return chain.from_iterable([queue[turn] for queue in ordered if turn < len(queue)] for turn in range(longest))
