"""Retrieval data: a query with matching and other documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from themis_rm.dataset.adapters import FORMATS, PreferenceFormat, PreferencePair, UnusableRowError
from themis_rm.dataset.adapters.columns import TEXT, TEXTS
from themis_rm.dataset.adapters.pair import label_of, name_of, pair_of, prompt_of, texts_of
from themis_rm.storage.digests import stable_id

HARDEST = 10
"""Number of negatives, the hardest ones, of which one is drawn."""
_DIGITS = 13


class Retrieval(PreferenceFormat):
    """Each positive document against one of the hardest negative ones, drawn by Zipf's law (arXiv 2605.00754)."""

    name = "retrieval"
    required: ClassVar = {"query": TEXT, "pos": TEXTS, "neg": TEXTS}
    about = "query, pos and neg as lists of documents, hardest negatives first or with neg_scores (retrieval data)"

    def read(self, row: Mapping[str, Any]) -> Iterator[PreferencePair]:
        """Return one pair per positive document; the pairs of a row share a group."""
        name = name_of(row, "id", "idx")
        positives = texts_of(row, "pos")
        query = prompt_of(row, "query")
        ordered = hardest_first(texts_of(row, "neg"), row.get("neg_scores"))
        negatives = [text for text in ordered if text not in positives]
        if not negatives:
            raise UnusableRowError("no-negative")
        for number, positive in enumerate(positives):
            negative = negatives[draw_rank(stable_id(str(row["query"]), positive), len(negatives))]
            yield pair_of(
                query,
                [{"role": "assistant", "content": positive}],
                [{"role": "assistant", "content": negative}],
                id=f"{name}:{number}" if name else "",
                group=name,
                language=label_of(row, "language"),
                aspect=label_of(row, "aspect", "criterion"),
                subset=name_of(row, "subset", "task", "type"),
            )


def hardest_first(negatives: Sequence[str], scores: object) -> list[str]:
    """Return negatives by their scores, the highest first; without a score for each, in the given order."""
    known = isinstance(scores, Sequence) and len(scores) == len(negatives)
    if not known or not all(isinstance(score, int | float) for score in scores):  # type: ignore[attr-defined]
        return list(negatives)
    order = sorted(range(len(negatives)), key=lambda place: -scores[place])  # type: ignore[index]
    return [negatives[place] for place in order]


def draw_rank(key: str, candidates: int) -> int:
    """Draw one of the first :data:`HARDEST` ranks, from 0; rank r has probability proportional to 1 / (r + 1).

    Args:
        key: Hexadecimal digits that decide the draw, so that it is the same in every run.
        candidates: Number of candidates, at least 1.
    """
    weights = [1 / rank for rank in range(1, min(candidates, HARDEST) + 1)]
    left = int(key[:_DIGITS], 16) / 16**_DIGITS * sum(weights)
    for rank, weight in enumerate(weights):
        left -= weight
        if left < 0:
            return rank
    return len(weights) - 1


FORMATS.register(Retrieval())
