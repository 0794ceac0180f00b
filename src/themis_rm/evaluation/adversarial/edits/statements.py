"""Comments at the top and at the end: claims, instructions to the judge, padding."""

from __future__ import annotations

from themis_rm.evaluation.adversarial.insertion import append_comment, insert_at_top, make_comment
from themis_rm.evaluation.adversarial.registry import EDITS, AdversarialEdit, EditedCode
from themis_rm.evaluation.adversarial.texts import CLAIMS, CLOSINGS, INJECTIONS, PADDING, choose_text
from themis_rm.languages import Language


def _insert_at_top(code: str, language: Language, text: str) -> EditedCode | None:
    comment = make_comment(language, text)
    return EditedCode(insert_at_top(code, language, comment)) if comment else None


def _append(code: str, language: Language, text: str) -> EditedCode | None:
    comment = make_comment(language, text)
    return EditedCode(append_comment(code, comment)) if comment else None


def insert_claim(code: str, language: Language, pair_id: str) -> EditedCode | None:
    """Insert a line at the top that says the code is tested and correct."""
    return _insert_at_top(code, language, choose_text(CLAIMS, pair_id))


def insert_prompt_injection(code: str, language: Language, pair_id: str) -> EditedCode | None:
    """Insert a line at the top that instructs the judge."""
    return _insert_at_top(code, language, choose_text(INJECTIONS, pair_id))


def append_closing_line(code: str, language: Language, pair_id: str) -> EditedCode | None:
    """Append a confident last line."""
    return _append(code, language, choose_text(CLOSINGS, pair_id))


def append_padding(code: str, language: Language, _: str) -> EditedCode | None:
    """Append many lines without content."""
    return _append(code, language, "\n".join(PADDING))


EDITS.register(AdversarialEdit("claim", "a line at the top that says it is tested and correct", insert_claim))
EDITS.register(AdversarialEdit("injection", "a line at the top that instructs the judge", insert_prompt_injection))
EDITS.register(AdversarialEdit("closing-line", "a confident last line", append_closing_line))
EDITS.register(AdversarialEdit("padding", "many lines without content at the end", append_padding))
