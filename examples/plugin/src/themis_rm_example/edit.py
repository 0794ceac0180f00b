"""An adversarial edit that adds blank lines, as a generous layout would."""

from __future__ import annotations

from themis_rm.evaluation.adversarial.registry import EDITS, AdversarialEdit, EditedCode
from themis_rm.languages import Language


def add_blank_lines(code: str, language: Language, pair_id: str) -> EditedCode | None:
    """Double the blank lines of a file; ``None`` if it has none."""
    return EditedCode(code.replace("\n\n", "\n\n\n")) if "\n\n" in code else None


EDITS.register(AdversarialEdit("blank-lines", "doubles blank lines", add_blank_lines))
