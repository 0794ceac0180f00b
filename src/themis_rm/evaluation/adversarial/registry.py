"""The registry of adversarial edits, and the check that an edit keeps what the code does.

An edit is a function from code to code that depends on the code, its language and the pair's id alone. Its result is
used only if it passes a check on the syntax tree: equal tokens except for comments and white space, equal tokens after
undoing a renaming of local variables, or the original text after removing the inserted part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from themis_rm.languages import Language, get_language, is_language
from themis_rm.languages.syntax import code_tokens, error_count, parse_fragment
from themis_rm.registry import Registry


@dataclass(frozen=True, slots=True)
class EditedCode:
    """Edited code and what its check needs.

    Attributes:
        code: The result.
        names: New name -> old name, for a renaming.
        inserted: Inserted texts that are code and not comments.
    """

    code: str
    names: dict[str, str] | None = None
    inserted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AdversarialEdit:
    """One way to make code look better to a judge without changing what it does.

    Attributes:
        name: Name in settings and results.
        description: What it does.
        apply: Code, language, pair id -> the edited code, or ``None`` if the edit does not fit.
    """

    name: str
    description: str
    apply: Callable[[str, Language, str], EditedCode | None]


EDITS: Registry[AdversarialEdit] = Registry(
    "adversarial edit", "themis_rm.edits", "themis_rm.evaluation.adversarial.edits"
)
"""All adversarial edits, by name."""


def select_edits(names: tuple[str, ...]) -> list[AdversarialEdit]:
    """Return edits by name, in the order of the registry; all of them if no name is given.

    Raises:
        SettingError: An edit is unknown.
    """
    selected = {EDITS.get(name).name for name in names}
    return [edit for edit in EDITS if not names or edit.name in selected]


def apply_edit(edit: AdversarialEdit, code: str, language: str, pair_id: str) -> str | None:
    """Apply an edit to code.

    Args:
        edit: The edit.
        code: A file or a fragment.
        language: Any name of its language; no edit fits code in an unknown one.
        pair_id: Id of the pair; selects the wording.

    Returns:
        The edited code, or ``None`` if the edit does not fit, could change what the code does, or needs a part that the
        language does not define.
    """
    if not is_language(language):
        return None
    row = get_language(language)
    if row.syntax is None:
        return None
    edited = edit.apply(code, row, pair_id)
    if edited is None or edited.code == code or not keeps_behavior(code, edited, row):
        return None
    return edited.code


def keeps_behavior(code: str, edited: EditedCode, language: Language) -> bool:
    """Return whether the syntax shows that edited code does the same as the original.

    Changes without an effect are: comments and white space (not indentation where it is syntax, which is among the
    tokens), a string at the head of a function, a function that is never called, and the names of local variables that
    are not visible outside their function.
    """
    name = language.name
    if error_count(parse_fragment(edited.code, name).tree) > error_count(parse_fragment(code, name).tree):
        return False
    after = edited.code
    for text in edited.inserted:
        if after.count(text) < 1:
            return False
        after = after.replace(text, "", 1)
    tokens = code_tokens(after, name)
    if edited.names is not None:
        tokens = [edited.names.get(token, token) for token in tokens]
    return tokens == code_tokens(code, name)
