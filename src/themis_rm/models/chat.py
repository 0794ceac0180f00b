"""Conversations to token ids: rendered by the checkpoint's own chat template, cut in the response alone.

The template's text is tokenized without special tokens of the tokenizer's own, which is what ``apply_chat_template``
does too: what the template writes is all there is, so that a beginning-of-sequence token never stands there twice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from jinja2 import TemplateError

from themis_rm.errors import CheckpointError, SettingError
from themis_rm.models import hub
from themis_rm.models.checkpoint import read_json
from themis_rm.models.protocol import (
    NO_BOUNDARY,
    NO_RESPONSE,
    NOT_FINITE,
    NOT_UNICODE,
    PROMPT_TOO_LONG,
    SYSTEM_ROLE,
    TEMPLATE,
    Score,
    is_unicode,
    response_of,
)
from themis_rm.models.settings import ModelSettings, SystemRole
from themis_rm.prompts import Conversation

_PROBE = "\ue000"  # a private-use character: no template writes it, few answers start with it

_DATE = "26 Jul 2024"
"""What Llama 3's templates write as today's date where none is given. Those of 3.2 ask the clock instead, and a model's
scores would change with the day."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A conversation as token ids, or the reason why there are none.

    Attributes:
        ids: Token ids; empty for a failure.
        truncated: The response was cut.
        failure: Reason, or empty.
        boundary: Index of the token at which the last prompt ends, for an encoder that looks for it; else the last.
    """

    ids: list[int]
    truncated: bool = False
    failure: str = ""
    boundary: int = -1

    def scored(self, reward: float) -> Score:
        """Return the conversation's score: its own failure, that of a reward that is no number, or the reward."""
        if self.failure:
            return Score.failed(self.failure)
        if not math.isfinite(reward):
            return Score.failed(NOT_FINITE)
        return Score(reward, truncated=self.truncated, tokens=len(self.ids))


class ChatEncoder:
    """Turns conversations into token ids with one tokenizer.

    Args:
        tokenizer: A fast tokenizer of transformers that has a chat template.
        max_length: Most tokens of a conversation.
        system_role: What to do with a system message where the template has no place for one.
        suffix: Id of a token that stands behind every conversation; its place is kept when a response is cut.
        boundary: Text between a prompt and its answer; its first token before the answer is looked for.
    """

    def __init__(
        self,
        tokenizer: Any,
        max_length: int,
        system_role: Literal["fold", "drop", "error"] = "fold",
        suffix: int | None = None,
        boundary: str = "",
    ) -> None:
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.suffix = suffix
        self.boundary_ids: list[int] = tokenizer(boundary, add_special_tokens=False)["input_ids"] if boundary else []
        self.system_role: SystemRole = "native"
        if not self._takes_system():
            policies: dict[str, SystemRole] = {"fold": "folded", "drop": "dropped", "error": "error"}
            self.system_role = policies[system_role]

    def _takes_system(self) -> bool:
        # Some templates raise at a system message, others leave it out without a word: both have no place for it.
        probe = [
            {"role": "system", "content": _PROBE},
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
        ]
        try:
            return _PROBE in self._render(probe)
        except TemplateError:
            return False

    def _render(self, conversation: Conversation) -> str:
        text: str = self.tokenizer.apply_chat_template(conversation, tokenize=False, date_string=_DATE)
        return text

    def encode(self, conversations: Sequence[Conversation]) -> list[Encoded]:
        """Return the ids of each conversation.

        A conversation longer than ``max_length`` loses the end of its response; what the template writes behind
        the response stays. It fails as ``prompt-too-long`` where not one token of the response would be left.
        """
        prepared = [self._prepare(conversation) for conversation in conversations]
        texts = [text for text, _ in prepared if isinstance(text, str)]
        ids = iter(self.tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"] if texts else ())
        encoded = []
        for text, turns in prepared:
            if isinstance(text, Encoded):
                encoded.append(text)
                continue
            tokens = self._closed(next(ids))
            if len(tokens) > self.max_length or self.boundary_ids:
                encoded.append(self._measured(text, turns))
            else:
                encoded.append(Encoded(tokens))
        return encoded

    def _closed(self, ids: list[int]) -> list[int]:
        return ids if self.suffix is None or ids[-1:] == [self.suffix] else [*ids, self.suffix]

    def _prepare(self, conversation: Conversation) -> tuple[str | Encoded, Conversation]:
        if response_of(conversation) is None:
            return Encoded([], failure=NO_RESPONSE), conversation
        turns = conversation
        if conversation[0]["role"] == "system" and self.system_role != "native":
            if self.system_role == "error":
                return Encoded([], failure=SYSTEM_ROLE), conversation
            turns = fold_system(conversation) if self.system_role == "folded" else conversation[1:]
        try:
            text = self._render(turns)
        except TemplateError:
            return Encoded([], failure=TEMPLATE), turns
        return (text if is_unicode(text) else Encoded([], failure=NOT_UNICODE)), turns

    def _measured(self, text: str, turns: Conversation) -> Encoded:
        """Encode a conversation of which one must know where the response stands: to cut it, or for a boundary."""
        # Found by rendering another response in its place: templates trim, reformat and repeat, so that searching for
        # the response itself would not do.
        other = self._render([*turns[:-1], {**turns[-1], "content": _PROBE}])
        start = _common(text, other)
        shortest = min(len(text), len(other)) - start
        end = len(text) - min(shortest, _common(text[::-1], other[::-1]))
        call = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        ids, offsets = call["input_ids"], call["offset_mapping"]
        head = sum(1 for first, _ in offsets if first < start)
        tail = sum(1 for _, last in offsets if last > end)
        closed = self._closed(ids)
        tail += len(closed) - len(ids)
        boundary = self._boundary_before(ids, head) if self.boundary_ids else -1
        if boundary is None:
            return Encoded([], failure=NO_BOUNDARY)
        if len(closed) <= self.max_length:
            return Encoded(closed, boundary=boundary)
        room = self.max_length - head - tail
        if room < 1:
            return Encoded([], failure=PROMPT_TOO_LONG)
        return Encoded([*closed[: head + room], *closed[len(closed) - tail :]], truncated=True, boundary=boundary)

    def _boundary_before(self, ids: list[int], head: int) -> int | None:
        size = len(self.boundary_ids)
        # The response may share its first token with the end of the boundary (white space): one token of slack.
        starts = range(min(head + 1, len(ids)) - size, -1, -1)
        return next((first for first in starts if ids[first : first + size] == self.boundary_ids), None)


def _common(first: str, second: str) -> int:
    """Return how many characters two texts have in common at their start."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(first), len(second)))


def fold_system(conversation: Conversation) -> Conversation:
    """Return the conversation with its system message in front of the first user message."""
    system, first, *rest = conversation
    return [{**first, "content": f"{system['content']}\n\n{first['content']}"}, *rest]


def load_encoder(
    folder: Path,
    settings: ModelSettings,
    limit: int | None,
    suffix: int | None = None,
    boundary: str = "",
    template: str = "",
) -> ChatEncoder:
    """Load a folder's tokenizer.

    Args:
        folder: The checkpoint.
        settings: Tokenizer, chat template, longest input and policy for system messages that the user wants.
        limit: Most positions of the model, if it says so.
        suffix: See :class:`ChatEncoder`.
        boundary: See :class:`ChatEncoder`.
        template: Chat template where the tokenizer brings none.

    Raises:
        CheckpointError: There is no fast tokenizer or no chat template, or ``max_length`` is out of range.
    """
    from transformers import CONFIG_MAPPING, AutoTokenizer, PreTrainedTokenizerFast

    where = _tokenizer_folder(settings.tokenizer) if settings.tokenizer else folder
    # AutoTokenizer looks into config.json, which says nothing to it about a model that transformers does not know.
    known = (
        not (where / "config.json").is_file() or read_json(where / "config.json").get("model_type") in CONFIG_MAPPING
    )
    kind = AutoTokenizer if known else PreTrainedTokenizerFast
    try:
        tokenizer = kind.from_pretrained(str(where), trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError, ImportError, KeyError) as error:
        reason = " ".join(str(error).split())[:160]
        raise CheckpointError(f"The tokenizer in {where} cannot be loaded ({reason}).") from error
    if not tokenizer.is_fast:
        raise CheckpointError(f"The tokenizer in {where} has no tokenizer.json.", "Save it as a fast tokenizer.")
    if settings.chat_template is not None:
        tokenizer.chat_template = _read_template(settings.chat_template)
    tokenizer.chat_template = tokenizer.chat_template or template
    if not tokenizer.chat_template:
        raise CheckpointError(
            f"The tokenizer in {where} has no chat template.",
            "Give the one of the model's training with chat_template=FILE.",
        )
    allowed = min(int(tokenizer.model_max_length), limit or int(tokenizer.model_max_length))
    if settings.max_length is not None and not 1 <= settings.max_length <= allowed:
        raise CheckpointError(
            f"max_length {settings.max_length} is out of range for {folder}.", f"It takes 1 to {allowed}."
        )
    return ChatEncoder(tokenizer, settings.max_length or allowed, settings.system_role, suffix, boundary)


def _tokenizer_folder(name: str) -> Path:
    return hub.fetch(name).folder if hub.is_id(name) else Path(name)


def _read_template(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"The chat template {path} cannot be read: {error}.") from error
