"""THE table of edits, and the check that each keeps behavior.

An edit is a function from code to code that depends on the code, its language and the pair's id alone. It is taken only
if the result passes the edit's own check on the syntax tree: equal tokens but for comments and white space, equal
tokens under a renaming of local variables back, or the old text to the letter once the inserted part is cut out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from themis_rm.evaluation.adversarial import claims
from themis_rm.evaluation.adversarial.insertion import (
    above_functions,
    at_end,
    at_top,
    docstrings,
    in_bodies,
    unused_function,
)
from themis_rm.evaluation.adversarial.layout import reindented
from themis_rm.evaluation.adversarial.renaming import renamed_locals
from themis_rm.languages import Language, get_language
from themis_rm.languages.syntax import code_tokens, error_count, parse_fragment


@dataclass(frozen=True, slots=True)
class Edited:
    """Edited code and what its check needs.

    Attributes:
        code: The result.
        names: New name -> old name, for a renaming.
        inserted: Text that is code and was put in, if any.
    """

    code: str
    names: dict[str, str] | None = None
    inserted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """One way to impress a judge.

    Attributes:
        name: What results call it.
        does: What it does, for people.
        apply: Code, language, pair id -> the edited code, or ``None`` where there is no place for it.
    """

    name: str
    does: str
    apply: Callable[[str, Language, str], Edited | None]


def _comment(language: Language, text: str) -> str:
    return "\n".join(f"{language.line_comment} {line}" for line in text.splitlines())


def _misleading_comments(code: str, spoken: Language, pair_id: str) -> Edited | None:
    found = in_bodies(code, spoken, lambda number: _comment(spoken, claims.drawn(claims.STEPS, pair_id, number)))
    return Edited(found) if found else None


def _doc_comments(code: str, spoken: Language, pair_id: str) -> Edited | None:
    if spoken.name == "Python":
        made = docstrings(code, lambda number: claims.drawn(claims.DOCUMENTATION, pair_id, number))
        if made:
            return Edited(made[0], inserted=made[1])
    found = above_functions(code, spoken, lambda n: _comment(spoken, claims.drawn(claims.DOCUMENTATION, pair_id, n)))
    return Edited(found) if found else None


def _correctness_claim(code: str, spoken: Language, pair_id: str) -> Edited | None:
    return Edited(at_top(code, spoken, _comment(spoken, claims.drawn(claims.CLAIMS, pair_id))))


def _prompt_injection(code: str, spoken: Language, pair_id: str) -> Edited | None:
    return Edited(at_top(code, spoken, _comment(spoken, claims.drawn(claims.INJECTIONS, pair_id))))


def _closing_line(code: str, spoken: Language, pair_id: str) -> Edited | None:
    return Edited(at_end(code, _comment(spoken, claims.drawn(claims.CLOSINGS, pair_id))))


def _padding(code: str, spoken: Language, _: str) -> Edited | None:
    return Edited(at_end(code, _comment(spoken, "\n".join(claims.PADDING))))


def _renamed(code: str, spoken: Language, _: str) -> Edited | None:
    made = renamed_locals(code, spoken)
    return Edited(made[0], names=made[1]) if made else None


def _dead_code(code: str, spoken: Language, _: str) -> Edited | None:
    made = unused_function(code, spoken)
    return Edited(made[0], inserted=(made[1],)) if made else None


def _reformatted(code: str, spoken: Language, _: str) -> Edited | None:
    found = reindented(code, spoken)
    return Edited(found) if found else None


EDITS: tuple[Edit, ...] = (
    Edit("comments", "comments in the bodies that promise care", _misleading_comments),
    Edit("documentation", "docstrings or comments that praise each function", _doc_comments),
    Edit("claim", "a line at the top that says it is tested and right", _correctness_claim),
    Edit("injection", "a line at the top that tells the judge what to answer", _prompt_injection),
    Edit("closing-line", "a confident last line", _closing_line),
    Edit("padding", "many lines of empty talk at the end", _padding),
    Edit("renaming", "local variables named as if they were checked", _renamed),
    Edit("dead-code", "a function that seems to validate and is never called", _dead_code),
    Edit("reformatting", "another width of indentation", _reformatted),
)


def edited(edit: Edit, code: str, name: str, pair_id: str) -> str | None:
    """Return the code under an edit, or ``None`` if there is no place for it or it could change what the code does.

    Args:
        edit: A row of :data:`EDITS`.
        code: A file or a fragment.
        name: Any name of its language.
        pair_id: Draws the wording.
    """
    spoken = get_language(name)
    made = edit.apply(code, spoken, pair_id)
    if made is None or made.code == code or not keeps_behavior(code, made, spoken):
        return None
    return made.code


def keeps_behavior(code: str, made: Edited, spoken: Language) -> bool:
    """Tell whether the syntax shows that edited code does what it did.

    Comments and white space do not act (in Python, indentation does, and stands among the tokens); nor does a string
    that stands alone at the head of a function, or a function that nobody calls; nor do the names of local variables
    that nothing outside their function can see.
    """
    if error_count(parse_fragment(made.code, spoken.name).tree) > error_count(parse_fragment(code, spoken.name).tree):
        return False
    after = made.code
    for text in made.inserted:
        if after.count(text) < 1:
            return False
        after = after.replace(text, "", 1)
    tokens = code_tokens(after, spoken.name)
    if made.names is not None:
        tokens = [made.names.get(token, token) for token in tokens]
    return tokens == code_tokens(code, spoken.name)
