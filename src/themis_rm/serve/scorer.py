"""The scorer: a loaded reward model with its criteria prompts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Self, overload

from themis_rm.criteria import CRITERIA, criterion
from themis_rm.errors import SettingError
from themis_rm.messages import Conversation, conversation, join_response, parse_messages
from themis_rm.models.calibration import CALIBRATION, Calibration, read_calibration
from themis_rm.models.loading import find_folder, load_model
from themis_rm.models.prompt_sources import ModelPrompts, find_prompts
from themis_rm.models.protocol import ModelIdentity, RewardModel, Score
from themis_rm.models.settings import ModelSettings
from themis_rm.progress import track
from themis_rm.prompts import PromptSet
from themis_rm.serve.requests import (
    ALL,
    GIVEN,
    NONE,
    Criteria,
    InvalidRequest,
    Request,
    criteria_labels,
)
from themis_rm.serve.results import Ranking, Scores, ScoreTable, rank_candidates
from themis_rm.serve.stream import LABEL, PROBABILITY, ExtendedResponse, ScoredResponse
from themis_rm.storage.digests import stable_id

Prompt = str | Sequence[Mapping[str, Any]]
"""A request as text, or as messages of which the last one is the user's."""

_CHUNK = 256


class Scorer:
    """A reward model with its criteria prompts; scores single responses, groups of candidates and batches.

    Args:
        model: A loaded model.
        prompts: Its criteria prompts.
        calibration: Probabilities of its rewards; without it, results have none.
    """

    def __init__(
        self, model: RewardModel, prompts: PromptSet | ModelPrompts, calibration: Calibration | None = None
    ) -> None:
        self.model = model
        self.calibration = calibration
        self._source = prompts if isinstance(prompts, ModelPrompts) else None
        self.prompts = prompts.prompts if isinstance(prompts, ModelPrompts) else prompts

    @classmethod
    def load(
        cls,
        model: str | Path,
        prompt_set: str | Path | None = None,
        settings: ModelSettings | None = None,
        calibration: str | Path | None = None,
    ) -> Self:
        """Load a model, its criteria prompts and its calibration.

        Args:
            model: Checkpoint directory, hub id, or name of a published model or baseline.
            prompt_set: File with criteria prompts; by default the checkpoint's ``prompts.json``, otherwise the
                built-in prompts.
            settings: Device, precision and limits.
            calibration: File of ``themis-rm calibrate``; by default the checkpoint's ``calibration.json``, if it has
                one.

        Raises:
            CheckpointError: The model cannot be loaded.
            InputError: The file is not a prompt set, or the calibration is damaged or of other weights.
        """
        prompts = find_prompts(model, prompt_set or None, settings)
        calibrated = _find_calibration(model, settings, calibration)
        return cls(load_model(model, settings), prompts, calibrated)

    @property
    def identity(self) -> ModelIdentity:
        """Return name, family and digest of the model."""
        return self.model.identity

    @property
    def further_columns(self) -> tuple[str, ...]:
        """Return the columns that rows of a stream have besides those of every model."""
        labels = [LABEL + name for name in self.model.identity.labels]
        return (*labels, *([PROBABILITY] if self.calibration is not None else []))

    def job_facts(self) -> dict[str, Any]:
        """Return what an interrupted job must have in common with the job that resumes it."""
        identity = self.model.identity
        prompts = stable_id(self.prompts.to_json())
        facts = {"model": identity.digest, "model_settings": dict(identity.facts), "prompt_set": prompts}
        return facts if self.calibration is None else {**facts, "calibration": stable_id(self.calibration.to_json())}

    def __repr__(self) -> str:
        identity = self.model.identity
        return f"<Scorer: {identity.name} ({identity.family}), prompts '{self.prompts.name}'>"

    @overload
    def score(  # type: ignore[overload-overlap]  # a str is a sequence of str too
        self, prompt: Prompt, response: str | None = None, criteria: Criteria | None = None
    ) -> Scores: ...

    @overload
    def score(self, prompt: Prompt, response: Sequence[str], criteria: Criteria | None = None) -> ScoreTable: ...

    def score(
        self, prompt: Prompt, response: str | Sequence[str] | None = None, criteria: Criteria | None = None
    ) -> Scores | ScoreTable:
        """Score one response, or several responses to the same prompt.

        Responses to one prompt share their prefix; it is computed once, see ``share_prefixes`` of
        :class:`~themis_rm.models.settings.ModelSettings`.

        Args:
            prompt: The request as text, or as messages that end with the user's. Without ``response``, messages that
                end with the response.
            response: One response, or a list of responses.
            criteria: Criteria under any of their names, ``"all"`` or ``"none"``; by default each of the five. A prompt
                with a system message of its own is scored under that message and gives one score, ``given``.

        Returns:
            :class:`Scores` for one response, :class:`ScoreTable` for a list.

        Raises:
            InputError: A single response cannot be scored. In a list, a failure is a ``None`` score with its reason.
            SettingError: A criterion is unknown.
            TypeError: An argument has the wrong type.
        """
        if response is None or isinstance(response, str):
            (scores,) = self._score_all([_messages(prompt, response)], criteria)
            scores.raise_on_failure()
            return scores
        if not isinstance(response, Sequence):
            raise TypeError(f"response must be a str or a list of str, not {type(response).__name__}")
        return ScoreTable(responses=self._score_all([_messages(prompt, item) for item in response], criteria))

    def score_batch(
        self, prompts: Sequence[Prompt], responses: Sequence[str] | None = None, criteria: Criteria | None = None
    ) -> ScoreTable:
        """Score one response to each of several prompts, with a progress bar where it takes long.

        Args:
            prompts: Requests; without ``responses``, messages that end with the response.
            responses: One response per prompt.
            criteria: See :meth:`score`.

        Raises:
            SettingError: A criterion is unknown.
            TypeError: An argument has the wrong type.
            ValueError: There are not as many responses as prompts.
        """
        if responses is not None and len(prompts) != len(responses):
            raise ValueError(f"{len(prompts)} prompts but {len(responses)} responses")
        pairs = zip(prompts, responses if responses is not None else [None] * len(prompts), strict=True)
        return ScoreTable(responses=self._score_all([_messages(*pair) for pair in pairs], criteria))

    def rank(
        self,
        prompt: Prompt,
        candidates: Sequence[str],
        criteria: Criteria | None = None,
        weights: Mapping[str, float] | None = None,
    ) -> Ranking:
        """Rank candidate responses to one prompt by the weighted mean of their rewards.

        Args:
            prompt: See :meth:`score`.
            candidates: At least one response.
            criteria: Criteria, each scored under its own prompt; by default the prompt that lists all five, or the
                criteria that ``weights`` names.
            weights: Criterion -> weight, not negative; by default equal. They are divided by their sum.

        Raises:
            SettingError: A criterion or a weight is not allowed.
            TypeError: An argument has the wrong type.
            ValueError: ``candidates`` is empty.
        """
        if isinstance(candidates, str) or not isinstance(candidates, Sequence):
            raise TypeError(f"candidates must be a list of str, not {type(candidates).__name__}")
        if not candidates:
            raise ValueError("candidates is empty")
        conversations = [_messages(prompt, item) for item in candidates]
        shares = {GIVEN: 1.0} if conversations[0][0]["role"] == "system" else _shares(criteria, weights)
        table = ScoreTable(responses=self._score_labels(conversations, tuple(shares)))
        return rank_candidates(table, shares, self.calibration)

    def score_requests(
        self, requests: Iterable[Request | InvalidRequest], chunk_size: int = _CHUNK
    ) -> Iterator[ScoredResponse | InvalidRequest]:
        """Score a stream; the output has the order of the input, invalid requests included.

        Chunks are delimited by line numbers, so that a resumed run forms the same batches as the first one.

        Args:
            requests: The stream.
            chunk_size: Lines that are read, sorted by length and scored at a time.
        """
        for _, group in groupby(requests, key=lambda item: (item.line - 1) // chunk_size):
            chunk = list(group)
            wanted = [(item, label) for item in chunk if isinstance(item, Request) for label in item.criteria]
            scores = iter(self.model.score([self._prompted(item.messages, label) for item, label in wanted]))
            for item in chunk:
                if isinstance(item, InvalidRequest):
                    yield item
                else:
                    yield from (self._scored(item, label, next(scores)) for label in item.criteria)

    def _score_all(self, conversations: list[Conversation], criteria: Criteria | None) -> list[Scores]:
        labels = criteria_labels(criteria) if criteria is not None else tuple(row.short for row in CRITERIA)
        return self._score_labels(conversations, labels or (NONE,))

    def _score_labels(self, conversations: list[Conversation], labels: tuple[str, ...]) -> list[Scores]:
        requests = [(messages, (GIVEN,) if messages[0]["role"] == "system" else labels) for messages in conversations]
        chunks = [requests[start : start + _CHUNK] for start in range(0, len(requests), _CHUNK)]
        done: list[Scores] = []
        for chunk in track(chunks, "score") if len(chunks) > 1 else chunks:
            rendered = [self._prompted(messages, label) for messages, wanted in chunk for label in wanted]
            scores = iter(self.model.score(rendered))
            done += [self._combine({label: next(scores) for label in wanted}) for _, wanted in chunk]
        return done

    def _combine(self, scores: Mapping[str, Score]) -> Scores:
        rewards = {label: score.reward for label, score in scores.items()}
        return Scores(
            scores=rewards,
            probabilities=self.calibration.response_probabilities(rewards) if self.calibration is not None else {},
            failures={label: score.failure for label, score in scores.items() if score.failure},
            truncated=any(score.truncated for score in scores.values()),
            notes=sorted({note for score in scores.values() for note in score.notes}),
            tokens=max(score.tokens for score in scores.values()),
        )

    def _scored(self, request: Request, label: str, score: Score) -> ScoredResponse:
        row = ScoredResponse(
            id=request.id,
            line=request.line,
            criterion=label,
            score=score.reward,
            tokens=score.tokens,
            truncated=score.truncated,
            failure=score.failure,
            note="; ".join(score.notes) or " ".join(score.detail.split()),
        )
        further: dict[str, float | None] = {LABEL + name: score.labels.get(name) for name in self.identity.labels}
        if self.calibration is not None:
            further[PROBABILITY] = self.calibration.response_probabilities({label: score.reward}).get(label)
        return ExtendedResponse(**row.to_dict(), further=further) if further else row

    def _prompted(self, messages: Conversation, label: str) -> Conversation:
        if label in (GIVEN, NONE):
            return messages
        if self._source is not None:
            self._source.warn()
            self._source = None  # only once
        selected = CRITERIA if label == ALL else (criterion(label),)
        return [{"role": "system", "content": self.prompts.render(selected)}, *messages]


def _messages(prompt: Any, response: Any) -> Conversation:
    """Return the conversation to score.

    Raises:
        TypeError: An argument has the wrong type.
        InputError: The messages are malformed.
    """
    if response is not None and not isinstance(response, str):
        raise TypeError(f"a response must be a str, not {type(response).__name__}")
    if isinstance(prompt, str):
        if response is None:
            raise TypeError("response is missing; only messages may contain it")
        messages = conversation(None, prompt, response)
    elif isinstance(prompt, Sequence) and not isinstance(prompt, bytes):
        messages = parse_messages(prompt, "assistant" if response is None else "")
        if response is not None:
            messages = join_response(messages, [{"role": "assistant", "content": response}])
    else:
        raise TypeError(f"prompt must be a str or a list of messages, not {type(prompt).__name__}")
    return messages


def _shares(criteria: Criteria | None, weights: Mapping[str, float] | None) -> dict[str, float]:
    """Return label -> share of the mean, summing to 1."""
    named = {criteria_labels(name)[0]: weight for name, weight in (weights or {}).items()}
    if criteria is None:
        labels = tuple(named) or (ALL,)
    elif criteria == ALL:
        labels = (ALL,)
    else:
        labels = criteria_labels(criteria)
    if named and set(named) != set(labels):
        raise SettingError(
            f"weights name {', '.join(named)}, criteria name {', '.join(labels)}.", "Name the same criteria in both."
        )
    raw = {label: float(named.get(label, 1.0)) for label in labels}
    total = sum(raw.values())
    if min(raw.values()) < 0 or not 0 < total < float("inf"):
        raise SettingError("Weights must not be negative, and one must be positive.")
    return {label: weight / total for label, weight in raw.items()}


def _find_calibration(model: str | Path, settings: ModelSettings | None, file: str | Path | None) -> Calibration | None:
    folder = find_folder(model, settings)
    own = folder / CALIBRATION if folder is not None else None
    chosen = Path(file) if file is not None else own if own is not None and own.is_file() else None
    return None if chosen is None else read_calibration(chosen, folder)
