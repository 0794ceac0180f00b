"""Conversations to token ids for scoring: rendered with the chat template, shortened only in the response."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from themis_rm.messages import Conversation
from themis_rm.models import hub
from themis_rm.models.length_limits import LengthLimit, choose_max_length
from themis_rm.models.long_inputs import fit_answer, uses_windows
from themis_rm.models.protocol import NO_BOUNDARY, NOT_FINITE, PROMPT_TOO_LONG, TEMPLATE, TOO_LONG, WINDOWS, Score
from themis_rm.models.rendering import Renderer, Rendering, Tokens
from themis_rm.models.settings import LongInputs, ModelSettings
from themis_rm.models.templates.chat_template import load_template
from themis_rm.models.templates.source import TemplateSource, find_source
from themis_rm.models.tokenizers import load_tokenizer, special_tokens
from themis_rm.storage.digests import stable_id

_PLACEHOLDERS = tuple(map(chr, range(0xE000, 0xE100)))
"""Private-use characters, which no template writes; one that is not in a text replaces its response."""


@dataclass(frozen=True, slots=True)
class EncodedConversation:
    """A conversation as token ids, or the reason why it has none.

    Attributes:
        sequences: Token ids: one sequence, or one per window of a long response; none for a failure.
        truncated: The response was truncated.
        failure: The reason; empty otherwise.
        boundary: Index of the token at which the last prompt ends, for an encoder with a boundary; otherwise -1.
        detail: What the chat template or the tokenizer said about a failure.
        notes: See :class:`~themis_rm.models.protocol.Score`.
        lowest: The lowest reward of several windows counts instead of their mean.
        answers: Which tokens of each sequence are the response's, if the encoder located it.
    """

    sequences: list[list[int]]
    truncated: bool = False
    failure: str = ""
    boundary: int = -1
    detail: str = ""
    notes: tuple[str, ...] = ()
    lowest: bool = False
    answers: tuple[range, ...] = ()

    @property
    def ids(self) -> list[int]:
        """Return the token ids of the first sequence, empty for a failure."""
        return self.sequences[0] if self.sequences else []

    def score(self, rewards: Sequence[float]) -> Score:
        """Return the score for the reward of each sequence: a failure if the encoding failed or one is not finite."""
        if self.failure:
            return Score.failed(self.failure, self.detail)
        if not all(map(math.isfinite, rewards)):
            return Score.failed(NOT_FINITE)
        windows = len(self.sequences)
        return Score(
            min(rewards) if self.lowest else fmean(rewards),
            truncated=self.truncated,
            tokens=sum(map(len, self.sequences)),
            notes=(*self.notes, WINDOWS) if windows > 1 else self.notes,
            windows=windows,
        )


def score_sequences(
    encoded: Sequence[EncodedConversation], rewards_of: Callable[[list[list[int]], list[int]], Sequence[float]]
) -> list[Score]:
    """Return one score per encoded conversation.

    Args:
        encoded: The conversations.
        rewards_of: Returns one reward per sequence, given their token ids and boundaries.
    """
    sequences = [ids for item in encoded for ids in item.sequences]
    rewards = iter(rewards_of(sequences, [item.boundary for item in encoded for _ in item.sequences]))
    return [item.score([next(rewards) for _ in item.sequences]) for item in encoded]


class ChatEncoder:
    """Converts conversations to token ids.

    Args:
        renderer: Tokenizer and chat template.
        max_length: Most tokens of a conversation.
        suffix: Id of a token that is appended to every conversation and never truncated.
        boundary: Text between a prompt and its response, whose first token before the response is located.
        source: The chat template that was chosen.
        long_inputs: What to do with a conversation of more than ``max_length`` tokens.
        locate: Whether the tokens of every response are located, not only if something depends on them.
    """

    def __init__(
        self,
        renderer: Renderer,
        max_length: int,
        suffix: int | None = None,
        boundary: str = "",
        source: TemplateSource | None = None,
        long_inputs: LongInputs = "end",
        locate: bool = False,
    ) -> None:
        self.renderer = renderer
        self.tokenizer = renderer.tokenizer
        self.max_length = max_length
        self.suffix = suffix
        self.boundary_ids: list[int] = []
        if boundary:
            self.boundary_ids = self.tokenizer(boundary, add_special_tokens=False)["input_ids"]
        self.system_role = renderer.system_role
        self.source = source
        self.long_inputs = long_inputs
        self.locate = locate

    def facts(self) -> dict[str, str | int]:
        """Return everything that affects token ids, for results."""
        name = self.source.name if self.source is not None else "default"
        template = {"chat_template": name, "chat_template_digest": stable_id(self.renderer.template.source)[:12]}
        limits: dict[str, str | int] = {"max_length": self.max_length, "long_inputs": self.long_inputs}
        return {**limits, **template, **self.renderer.facts()}

    @property
    def template_files(self) -> list[Path]:
        """Return the file of the chat template, if the user named one."""
        return [self.source.file] if self.source is not None and self.source.file is not None else []

    def encode(self, conversations: Sequence[Conversation]) -> list[EncodedConversation]:
        """Return the token ids of each conversation.

        If a conversation is longer than ``max_length``, its response is shortened or split, or the conversation fails
        as ``too-long``, see :attr:`~themis_rm.models.settings.ModelSettings.long_inputs`; what the chat template writes
        after the response is kept. It fails as ``prompt-too-long`` if no token of the response would remain.
        """
        renderings = self.renderer.render(conversations)
        tokens = iter(self.renderer.tokenize([item for item in renderings if not item.failure]))
        return [
            EncodedConversation([], failure=item.failure, detail=item.detail)
            if item.failure
            else self._encode(item, next(tokens))
            for item in renderings
        ]

    def _encode(self, rendering: Rendering, tokens: Tokens) -> EncodedConversation:
        if tokens.failure:
            return EncodedConversation([], failure=tokens.failure, detail=tokens.detail)
        ids = self._with_suffix(tokens.ids)
        if len(ids) > self.max_length or self.boundary_ids or self.locate:
            return self._encode_with_offsets(rendering)
        return EncodedConversation([ids], notes=rendering.notes)

    def _with_suffix(self, ids: list[int]) -> list[int]:
        return ids if self.suffix is None or ids[-1:] == [self.suffix] else [*ids, self.suffix]

    def _encode_with_offsets(self, rendering: Rendering) -> EncodedConversation:
        """Encode a conversation and locate its response, to truncate it or to find the boundary."""
        # Located by rendering another response in its place: templates strip, reformat and repeat text, so that a
        # search for the response could fail.
        text = rendering.text
        placeholder = next((mark for mark in _PLACEHOLDERS if mark not in text), _PLACEHOLDERS[0])
        (other,) = self.renderer.render_responses(rendering, [placeholder])
        if other.failure:
            return EncodedConversation([], failure=TEMPLATE, detail=other.detail)
        start = _common_prefix(text, other.text)
        shortest = min(len(text), len(other.text)) - start
        end = len(text) - min(shortest, _common_prefix(text[::-1], other.text[::-1]))
        ids, offsets = self.renderer.tokenize([rendering], offsets=True)[0][:2]
        head = sum(1 for first, _ in offsets if first < start)
        tail = sum(1 for _, last in offsets if last > end)
        complete = self._with_suffix(ids)
        tail += len(complete) - len(ids)
        boundary = self._find_boundary(ids, head) if self.boundary_ids else -1
        if boundary is None:
            return EncodedConversation([], failure=NO_BOUNDARY)
        answer = range(head, len(complete) - tail)
        if len(complete) <= self.max_length:
            return EncodedConversation([complete], boundary=boundary, notes=rendering.notes, answers=(answer,))
        return shorten(complete, answer, self.max_length, self.long_inputs, boundary, rendering.notes)

    def _find_boundary(self, ids: list[int], head: int) -> int | None:
        size = len(self.boundary_ids)
        # The response may share its first token with the end of the boundary (whitespace): allow for one token more.
        starts = range(min(head + 1, len(ids)) - size, -1, -1)
        return next((first for first in starts if ids[first : first + size] == self.boundary_ids), None)


def shorten(
    ids: list[int], answer: range, limit: int, mode: LongInputs, boundary: int, notes: tuple[str, ...]
) -> EncodedConversation:
    """Shorten or split the response of a conversation that is too long.

    Args:
        ids: Token ids of the conversation.
        answer: Indices of the tokens of the response.
        limit: Most tokens of a conversation.
        mode: What to do with a longer one.
        boundary: See :class:`EncodedConversation`.
        notes: See :class:`EncodedConversation`.
    """
    start, end = answer.start, answer.stop
    available = limit - (len(ids) - (end - start))
    if available < 1:
        return EncodedConversation([], failure=PROMPT_TOO_LONG)
    parts = fit_answer(ids[start:end], available, mode)
    if not parts:
        return EncodedConversation([], failure=TOO_LONG, detail=f"{len(ids)} tokens of {limit}")
    return EncodedConversation(
        [[*ids[:start], *part, *ids[end:]] for part in parts],
        truncated=not uses_windows(mode),
        boundary=boundary,
        notes=notes,
        lowest=mode == "windows-min",
        answers=tuple(range(start, start + len(part)) for part in parts),
    )


def _common_prefix(first: str, second: str) -> int:
    """Return the length of the common prefix of two texts."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(first), len(second)))


def load_encoder(
    folder: Path,
    settings: ModelSettings,
    limit: LengthLimit | None,
    suffix: int | None = None,
    boundary: str = "",
    template: str = "",
    locate: bool = False,
) -> ChatEncoder:
    """Load the tokenizer of a model.

    Args:
        folder: Directory of the model.
        settings: Tokenizer, chat template, maximum length and system-role policy of the user.
        limit: Most positions of the model, if known.
        suffix: See :class:`ChatEncoder`.
        boundary: See :class:`ChatEncoder`.
        template: Chat template for a tokenizer without one.
        locate: See :class:`ChatEncoder`.

    Raises:
        CheckpointError: There is no fast tokenizer or no usable chat template, or ``max_length`` is out of range.
        SettingError: There is no chat template with the name in the settings.
    """
    directory = tokenizer_dir(folder, settings)
    tokenizer = load_tokenizer(directory)
    source = find_source(tokenizer, directory, settings.chat_template, template)
    renderer = build_renderer(tokenizer, source, settings, str(source.file or directory))
    longest = choose_max_length(settings.max_length, limit, tokenizer.model_max_length, str(folder))
    return ChatEncoder(renderer, longest, suffix, boundary, source, settings.long_inputs, locate)


def build_renderer(tokenizer: Any, source: TemplateSource, settings: ModelSettings, where: str) -> Renderer:
    """Return the renderer of a tokenizer and a chat template.

    Raises:
        CheckpointError: The template cannot be used.
    """
    template = load_template(source.text, special_tokens(tokenizer), where)
    return Renderer(tokenizer, template, settings.system_role, settings.control_tokens, settings.bos)


def tokenizer_dir(folder: Path, settings: ModelSettings) -> Path:
    """Return the directory of a model's tokenizer: that of the settings, by default that of the model."""
    if not settings.tokenizer:
        return folder
    return hub.fetch(settings.tokenizer).folder if hub.is_id(settings.tokenizer) else Path(settings.tokenizer)
