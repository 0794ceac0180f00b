"""Control tokens in the texts that a judge reads: broken up, so that they cannot forge a turn of its conversation.

The server renders its chat template and tokenizes the result; most servers read ``<|im_end|>`` in a message as the
control token. Its tokenizer is not known here, so that the spellings of published models are broken up.
"""

from __future__ import annotations

import re

from themis_rm.messages import Conversation, Message

_JOINER = "\u200b"

CONTROL_TOKEN = re.compile(
    r"<[|｜][^<>|｜\s]{1,60}[|｜]>"
    r"|</?s>|<(?:bos|eos|pad|unk|mask|sep|cls)>|<(?:start|end)_of_(?:turn|image|role|text)>"
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|ARGS|CALL_ID|THINK|IMG)\]"
    r"|<</?SYS>>|\[\|[A-Za-z_]{1,40}\|\]|<extra_id_[0-9]+>|<SPECIAL_[0-9]+>|<(?:unused|reserved_?)[0-9]+>",
)
"""Control tokens of published chat models."""


def has_control_tokens(text: str) -> bool:
    """Return whether a text contains control tokens."""
    return CONTROL_TOKEN.search(text) is not None


def break_control_tokens(text: str) -> str:
    """Put a zero-width space after the first character of each control token."""
    return CONTROL_TOKEN.sub(lambda token: f"{token[0][0]}{_JOINER}{token[0][1:]}", text)


def break_in_messages(messages: Conversation) -> Conversation:
    """Break up the control tokens in all texts of messages."""
    return [_break_in_message(message) for message in messages]


def _break_in_message(message: Message) -> Message:
    broken: Message = {**message, "content": break_control_tokens(message["content"])}
    if "reasoning_content" in message:
        broken["reasoning_content"] = break_control_tokens(message["reasoning_content"])
    return broken
