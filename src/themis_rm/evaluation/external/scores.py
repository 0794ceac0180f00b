"""Score the responses of candidate sets in shards, so that an interrupted evaluation resumes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from themis_rm.evaluation.external.candidates import CandidateSet, ScoredSet
from themis_rm.messages import Conversation
from themis_rm.models.protocol import TRANSIENT_FAILURES, RewardModel
from themis_rm.progress import track
from themis_rm.records import Row
from themis_rm.storage.atomic import remove
from themis_rm.storage.parquet import read_rows, write_rows


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CandidateScore(Row):
    """The score of one response.

    Attributes:
        id: Identifier of the prompt within the benchmark.
        subset: Subset of the benchmark.
        response: Number of the response, from 0; correct ones come first.
        correct: Whether the response is correct.
        score: Reward; ``None`` if the response could not be scored.
        status: ``ok``, ``truncated`` (scored, but cut) or ``failed``.
        note: Reason, where the status is ``failed``; else notes on the score.
        detail: Message behind a failure: what the server, the chat template or the tokenizer said; may be empty.
        length: Characters of the response.
    """

    id: str
    subset: str
    response: int
    correct: bool
    score: float | None
    status: str = "ok"
    note: str = ""
    length: int = 0
    detail: str = ""


def score_candidates(
    model: RewardModel,
    sets: Sequence[CandidateSet],
    system: str | None,
    path: Path | None,
    key: str,
    shard_size: int,
) -> list[CandidateScore]:
    """Score every response of every set.

    Args:
        model: A loaded model.
        sets: Prompts with their responses.
        system: System message for prompts without one, ``None`` for none.
        path: Parquet file to write; complete shards are kept next to it until all are there. ``None`` writes nothing.
        key: Identifies the scores: shards of another key are not used.
        shard_size: Prompts per shard.

    Returns:
        One row per response in the order of the sets.
    """
    shards = [sets[first : first + shard_size] for first in range(0, len(sets), shard_size)]
    progress = track(shards, f"score {model.identity.name}", total=len(sets), size=len)
    if path is None:
        return [row for shard in progress for row in _score(model, shard, system)]
    parts = path.parent / "parts" / f"{path.stem}-{key}"
    rows: list[CandidateScore] = []
    for number, shard in enumerate(progress):
        part = parts / f"{number:05d}.parquet"
        known = [CandidateScore.from_dict(row) for row in read_rows(part)] if part.is_file() else []
        if not known or any(row.note in TRANSIENT_FAILURES for row in known):
            known = list(_score(model, shard, system))
            write_rows(part, known, CandidateScore.schema())
        rows += known
    write_rows(path, rows, CandidateScore.schema())
    for directory in path.parent.glob(f"parts/{path.stem}-*"):
        if directory != parts:  # shards of other models, prompts or settings
            remove(directory)
    return rows


def _score(model: RewardModel, sets: Sequence[CandidateSet], system: str | None) -> Iterator[CandidateScore]:
    # All responses to a prompt are next to each other, so that a model can share the prompt's computation.
    scores = iter(model.score([conversation for one in sets for conversation in _conversations(one, system)]))
    for one in sets:
        for number, response in enumerate(one.responses):
            score = next(scores)
            yield CandidateScore(
                id=one.id,
                subset=one.subset,
                response=number,
                correct=number < one.correct,
                score=score.reward,
                status="failed" if score.reward is None else "truncated" if score.truncated else "ok",
                note=score.failure or "; ".join(score.notes),
                length=len(response),
                detail=score.detail,
            )


def _conversations(one: CandidateSet, system: str | None) -> Iterator[Conversation]:
    prompt = one.prompt
    if system and prompt[0]["role"] != "system":
        prompt = [{"role": "system", "content": system}, *prompt]
    for response in one.responses:
        yield [*prompt, {"role": "assistant", "content": response}]


def group_scores(sets: Sequence[CandidateSet], rows: Sequence[CandidateScore]) -> list[ScoredSet]:
    """Return the sets with their scores; the rows are in the order of the sets."""
    groups = [tuple(row.score for row in group) for _, group in groupby(rows, key=lambda row: row.id)]
    return [ScoredSet(one, scores) for one, scores in zip(sets, groups, strict=True)]
