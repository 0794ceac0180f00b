"""Comments inside and above functions."""

from __future__ import annotations

from themis_rm.evaluation.adversarial.insertion import (
    TextOfPlace,
    insert_above_functions,
    insert_docstrings,
    insert_in_bodies,
    make_comment,
)
from themis_rm.evaluation.adversarial.registry import EDITS, AdversarialEdit, EditedCode
from themis_rm.evaluation.adversarial.texts import DOCUMENTATION, STEPS, choose_text
from themis_rm.languages import Language


def _comments(texts: tuple[str, ...], language: Language, pair_id: str) -> TextOfPlace:
    return lambda number: make_comment(language, choose_text(texts, pair_id, number)) or ""


def insert_misleading_comments(code: str, language: Language, pair_id: str) -> EditedCode | None:
    """Insert comments that promise care into the bodies of functions."""
    if not language.line_comment:
        return None
    edited = insert_in_bodies(code, language, _comments(STEPS, language, pair_id))
    return EditedCode(edited) if edited else None


def insert_documentation(code: str, language: Language, pair_id: str) -> EditedCode | None:
    """Insert docstrings or comments that praise functions."""
    documented = insert_docstrings(code, language, lambda number: choose_text(DOCUMENTATION, pair_id, number))
    if documented:
        return EditedCode(documented[0], inserted=documented[1])
    if not language.line_comment:
        return None
    edited = insert_above_functions(code, language, _comments(DOCUMENTATION, language, pair_id))
    return EditedCode(edited) if edited else None


EDITS.register(AdversarialEdit("comments", "comments in the bodies that promise care", insert_misleading_comments))
EDITS.register(
    AdversarialEdit("documentation", "docstrings or comments that praise each function", insert_documentation)
)
