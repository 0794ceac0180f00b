"""Conversations to token ids: rendered by the checkpoint's own chat template, cut in the response alone.

The template's text is tokenised without special tokens of the tokenizer's own, which is what ``apply_chat_template``
does too: what the template writes is all there is, so that a beginning-of-sequence token never stands there twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from themis_rm.errors import CheckpointError
from themis_rm.models.protocol import (
    NO_RESPONSE,
    NOT_UNICODE,
    PROMPT_TOO_LONG,
    SYSTEM_ROLE,
    TEMPLATE,
    is_unicode,
    response_of,
)
from themis_rm.models.settings import SystemRole
from themis_rm.prompts import Conversation

_PROBE = "\ue000"  # a private-use character: no template writes it, few answers start with it


@dataclass(frozen=True, slots=True)
class Encoded:
    """A conversation as token ids, or the reason why there are none.

    Attributes:
        ids: Token ids; empty for a failure.
        truncated: The response was cut.
        failure: Reason, or empty.
    """

    ids: list[int]
    truncated: bool = False
    failure: str = ""


class ChatEncoder:
    """Turns conversations into token ids with one tokenizer.

    Args:
        tokenizer: A fast tokenizer of transformers that has a chat template.
        max_length: Most tokens of a conversation.
        reject_system: Fail conversations with a system message where the template has no place for one, instead of
            putting it in front of the first user message.
    """

    def __init__(self, tokenizer: Any, max_length: int, reject_system: bool = False) -> None:  # noqa: ANN401
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.system_role: SystemRole = "native"
        if not self._takes_system():
            self.system_role = "error" if reject_system else "folded"

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
        text: str = self.tokenizer.apply_chat_template(conversation, tokenize=False)
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
            elif len(tokens := next(ids)) <= self.max_length:
                encoded.append(Encoded(tokens))
            else:
                encoded.append(self._cut(text, turns))
        return encoded

    def _prepare(self, conversation: Conversation) -> tuple[str | Encoded, Conversation]:
        if response_of(conversation) is None:
            return Encoded([], failure=NO_RESPONSE), conversation
        turns = conversation
        if conversation[0]["role"] == "system" and self.system_role != "native":
            if self.system_role == "error":
                return Encoded([], failure=SYSTEM_ROLE), conversation
            turns = fold_system(conversation)
        try:
            text = self._render(turns)
        except TemplateError:
            return Encoded([], failure=TEMPLATE), turns
        return (text if is_unicode(text) else Encoded([], failure=NOT_UNICODE)), turns

    def _cut(self, text: str, turns: Conversation) -> Encoded:
        # Where the response stands in the text is found by rendering another one in its place: templates trim,
        # reformat and repeat, so that searching for the response itself would not do.
        other = self._render([*turns[:-1], {**turns[-1], "content": _PROBE}])
        start = _common(text, other)
        shortest = min(len(text), len(other)) - start
        end = len(text) - min(shortest, _common(text[::-1], other[::-1]))
        call = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        ids, offsets = call["input_ids"], call["offset_mapping"]
        head = sum(1 for first, _ in offsets if first < start)
        tail = sum(1 for _, last in offsets if last > end)
        room = self.max_length - head - tail
        if room < 1:
            return Encoded([], failure=PROMPT_TOO_LONG)
        return Encoded([*ids[: head + room], *ids[len(ids) - tail :]], truncated=True)


def _common(first: str, second: str) -> int:
    """Return how many characters two texts have in common at their start."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(first), len(second)))


def fold_system(conversation: Conversation) -> Conversation:
    """Return the conversation with its system message in front of the first user message."""
    system, first, *rest = conversation
    return [{**first, "content": f"{system['content']}\n\n{first['content']}"}, *rest]


def load_encoder(folder: Path, limit: int | None, max_length: int | None, reject_system: bool) -> ChatEncoder:
    """Load a folder's tokenizer.

    Args:
        folder: The checkpoint.
        limit: Most positions of the model, if it says so.
        max_length: Most tokens that the user wants.
        reject_system: See :class:`ChatEncoder`.

    Raises:
        CheckpointError: There is no fast tokenizer or no chat template, or ``max_length`` is out of range.
    """
    from transformers import AutoTokenizer  # noqa: PLC0415

    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError, ImportError, KeyError) as error:
        reason = " ".join(str(error).split())[:160]
        raise CheckpointError(f"The tokenizer in {folder} cannot be loaded ({reason}).") from error
    if not tokenizer.is_fast:
        raise CheckpointError(f"The tokenizer in {folder} has no tokenizer.json.", "Save it as a fast tokenizer.")
    if not tokenizer.chat_template:
        raise CheckpointError(
            f"The tokenizer in {folder} has no chat template.", "Add the one that the model was trained with."
        )
    allowed = min(int(tokenizer.model_max_length), limit or int(tokenizer.model_max_length))
    if max_length is not None and not 1 <= max_length <= allowed:
        raise CheckpointError(f"max_length {max_length} is out of range for {folder}.", f"It takes 1 to {allowed}.")
    return ChatEncoder(tokenizer, max_length or allowed, reject_system)
