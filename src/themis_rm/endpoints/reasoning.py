"""Where the answer in a model's response starts: after the reasoning that is written first.

Only a block that opens the response is reasoning. Chat templates may open the block in the prompt, so that a response
may have only its end. Tags elsewhere are text, such as those in quoted code.
"""

from __future__ import annotations

import re

_NAME = r"(?:seed:)?(?:think(?:ing)?|thought|reasoning)"
_OPENING = re.compile(rf"\s*[<\[◁]{_NAME}[>\]▷]", re.IGNORECASE)
_CLOSING = re.compile(rf"[<\[◁]/{_NAME}[>\]▷]", re.IGNORECASE)
_LINE_START = re.compile(r"(?:\A|\n)[ \t]*\Z")
_ANSWER_FOLLOWS = re.compile(r"[ \t]*(?:\n|\Z)|[\w{\\*#|$\[<]")


def answer_start(text: str) -> int | None:
    """Return the index after the reasoning, ``None`` if the block of reasoning is not closed."""
    opening = _OPENING.match(text)
    closings = list(_CLOSING.finditer(text, opening.end() if opening else 0))
    if opening and not closings:
        return None
    if not opening and text.lstrip().startswith(("{", "```")):
        return 0
    delimiters = [tag for tag in closings if _is_delimiter(text, tag)]
    last = delimiters or (closings if opening else [])
    start = last[-1].end() if last else 0
    return None if start and _OPENING.match(text, start) else start


def _is_delimiter(text: str, tag: re.Match[str]) -> bool:
    """Return whether a tag ends reasoning, unlike a tag that a sentence mentions."""
    before = text[max(0, tag.start() - 80) : tag.start()]
    return bool(_LINE_START.search(before) or _ANSWER_FOLLOWS.match(text, tag.end()))
