"""A function that appears to validate results and is never called."""

from __future__ import annotations

from themis_rm.evaluation.adversarial.insertion import insert_unused_function
from themis_rm.evaluation.adversarial.registry import EDITS, AdversarialEdit, EditedCode
from themis_rm.languages import Language


def insert_dead_code(code: str, language: Language, _: str) -> EditedCode | None:
    """Insert the unused function of the language."""
    edited = insert_unused_function(code, language)
    return EditedCode(edited[0], inserted=(edited[1],)) if edited else None


EDITS.register(
    AdversarialEdit("dead-code", "a function that appears to validate and is never called", insert_dead_code)
)
