"""Extract the code of an answer.

The contract, for every mode but ``raw``: reasoning is removed, line ends become line feeds, blank lines before the code
are removed, and the code ends with exactly one line end. So the same program in different wrappers is the same text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from themis_rm.answers import AnswerMode
from themis_rm.answers.blocks import Block, fenced_blocks, is_unified_diff
from themis_rm.answers.code import SyntaxState, check_syntax, recognize_code
from themis_rm.answers.reasoning import split_reasoning
from themis_rm.errors import SettingError
from themis_rm.languages import Language, get_language, language_of_path
from themis_rm.languages.syntax import parse, to_bytes

NO_CODE = "no-code"
SEVERAL_BLOCKS = "several-blocks"
UNCLOSED_BLOCK = "unclosed-block"
UNCLOSED_REASONING = "unclosed-reasoning"
NOT_A_DIFF = "not-a-diff"
EMPTY = "empty-answer"
OTHER_LANGUAGE = "other-language"

_DIFF = frozenset({"diff", "patch", "udiff"})
_SHELL_AND_DATA = frozenset(
    {
        "bash",
        "sh",
        "shell",
        "zsh",
        "powershell",
        "json",
        "yaml",
        "yml",
        "toml",
        "ini",
        "xml",
        "html",
        "css",
        "dockerfile",
    }
)
_NOT_CODE = frozenset({"text", "txt", "plaintext", "plain", "output", "console", "markdown", "md", "log"})
_ANSWER_TAG = re.compile(r"\s*<(answer|solution|final_answer)>(.*)</\1>\s*", re.IGNORECASE | re.DOTALL)
_COMMENT_OR_TEXT = re.compile(r"comment|string|heredoc")


@dataclass(frozen=True, slots=True)
class Answer:
    """The code of an answer, or the reason why there is none.

    Attributes:
        code: The code; empty if ``failure`` is set.
        failure: ``no-code``, ``several-blocks``, ``unclosed-block``, ``unclosed-reasoning``, ``not-a-diff``,
            ``other-language`` or ``empty-answer``; empty otherwise.
        language: Name of the language, ``diff``, or empty if it is unknown.
        syntax: Whether the code parses; ``unknown`` without a grammar, for diffs and in mode ``raw``.
        reasoning: Whether reasoning was removed.
    """

    code: str
    failure: str = ""
    language: str = ""
    syntax: SyntaxState = "unknown"
    reasoning: bool = False


def extract_answer(text: str, mode: AnswerMode = "auto", language: str = "") -> Answer:
    """Return the code of an answer.

    Args:
        text: The answer of a policy.
        mode: See :data:`~themis_rm.answers.AnswerMode`.
        language: Language that the code must have; by default the fence's label or the grammar that parses it.

    Raises:
        SettingError: The language is unknown.
    """
    if mode == "raw":
        return Answer(text)
    wanted = get_language(language) if language else None
    answer, reasoning, closed = split_reasoning(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    if not closed:
        return Answer("", UNCLOSED_REASONING, reasoning=True)
    if tagged := _ANSWER_TAG.fullmatch(answer):
        answer = tagged[2]
    found = _find(answer, mode, wanted) if answer.strip() else EMPTY
    if isinstance(found, str):
        return Answer("", found, reasoning=reasoning is not None)
    return Answer(_canonical(found.code), "", found.language, found.syntax, reasoning is not None)


def _canonical(code: str) -> str:
    lines = code.rstrip().split("\n")
    first = next((index for index, line in enumerate(lines) if line.strip()), 0)
    return "\n".join(lines[first:]) + "\n"


def _find(text: str, mode: AnswerMode, language: Language | None) -> Answer | str:
    """Return the code of an answer without reasoning, or the reason why there is none."""
    blocks = [] if _is_code_with_fences(text, language) else fenced_blocks(text)
    if mode == "diff":
        return _diff(text, blocks)
    if mode == "last-block":
        return _from_block(blocks[-1], language) if blocks else NO_CODE
    if mode == "one-block":
        return _only_block(blocks, language)
    if blocks:
        return NO_CODE if mode == "code" else _best_block(blocks, language)
    if mode == "auto" and is_unified_diff(text):
        return Answer(text, language="diff")
    recognized = recognize_code(text, language)
    return NO_CODE if recognized is None else Answer(text, "", recognized.language, recognized.syntax)


def _diff(text: str, blocks: list[Block]) -> Answer | str:
    diffs = [block for block in blocks if block.label in _DIFF or is_unified_diff(block.code)]
    if not blocks:
        return Answer(text, language="diff") if is_unified_diff(text) else NOT_A_DIFF
    if len(diffs) != 1:
        return SEVERAL_BLOCKS if diffs else NOT_A_DIFF
    if not diffs[0].closed:
        return UNCLOSED_BLOCK
    return Answer(diffs[0].code, language="diff") if is_unified_diff(diffs[0].code) else NOT_A_DIFF


def _only_block(blocks: list[Block], language: Language | None) -> Answer | str:
    if len(blocks) != 1:
        return SEVERAL_BLOCKS if blocks else NO_CODE
    return _from_block(blocks[0], language)


def _best_block(blocks: list[Block], language: Language | None) -> Answer | str:
    """Return the only block of the best kind; blocks with equal code count once."""
    kinds: dict[int, list[Block]] = {}
    for block in blocks:
        kinds.setdefault(_kind(block, language), []).append(block)
    best = min(kinds)
    if best == _UNUSABLE:
        return OTHER_LANGUAGE if language is not None else NO_CODE
    if len({block.code.strip() for block in kinds[best]}) > 1:
        return SEVERAL_BLOCKS
    return _from_block(kinds[best][0], language)


_UNUSABLE = 9


def _kind(block: Block, language: Language | None) -> int:
    """Return the rank of a block's kind, the best one first."""
    known = _language(block.label)
    if language is not None:
        return 0 if known is language else 2 if not block.label else _UNUSABLE
    if known is not None or block.label in _DIFF:
        return 0
    if block.label in _NOT_CODE:
        return _UNUSABLE
    return 2 if not block.label else 3 if block.label in _SHELL_AND_DATA else 1


def _from_block(block: Block, language: Language | None) -> Answer | str:
    if not block.closed:
        return UNCLOSED_BLOCK
    if not block.code.strip():
        return NO_CODE
    if block.label in _DIFF:
        return Answer(block.code, language="diff")
    known = language or _language(block.label)
    if known is None and not block.label:
        recognized = recognize_code(block.code)
        return Answer(block.code, "", recognized.language, recognized.syntax) if recognized else Answer(block.code)
    return Answer(block.code, "", known.name if known else block.label, check_syntax(block.code, known))


def _language(label: str) -> Language | None:
    """Return the language of a fence's label: a name, a file extension (``py``) or a version of it (``python3``)."""
    for name in (label, label.rstrip("0123456789")):
        try:
            return get_language(name)
        except SettingError:
            if name and (language := language_of_path(f"code.{name}")) is not None:
                return language
    return None


def _is_code_with_fences(text: str, language: Language | None) -> bool:
    """Return whether a text is code whose fences are in comments or docstrings, as in documented code."""
    blocks = fenced_blocks(text)
    if not blocks or not text[: blocks[0].start].strip():
        return False
    recognized = recognize_code(text, language)
    if recognized is None or recognized.syntax != "ok":
        return False
    root = parse(text, recognized.language).root_node
    for block in blocks:
        offset = len(to_bytes(text[: block.start])) + len(text[block.start :]) - len(text[block.start :].lstrip())
        node = root.descendant_for_byte_range(offset, offset + 1)
        while node is not None and not _COMMENT_OR_TEXT.search(node.type):
            node = node.parent
        if node is None or node.start_byte == offset:
            return False
    return True
