"""Contract of adversarial edits: what the evaluation relies on, as checks that a plugin's tests can run."""

from __future__ import annotations

import re
from collections.abc import Mapping

from themis_rm.evaluation.adversarial.registry import AdversarialEdit, apply_edit, keeps_behavior
from themis_rm.languages import get_language
from themis_rm.testing.assertions import require


def check_edit(edit: AdversarialEdit, samples: Mapping[str, str]) -> None:
    """Check an edit against the whole contract.

    Args:
        edit: The edit.
        samples: Language -> code; the edit must apply to at least one of them.

    Raises:
        AssertionError: The edit breaks the contract; the message says where.
    """
    require(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", edit.name), f"{edit.name}: the name is not a slug")
    require(bool(edit.description), f"{edit.name}: no description")
    applied = [language for language, code in samples.items() if check_sample(edit, code, language)]
    require(bool(applied), f"{edit.name}: applies to none of the samples")


def check_sample(edit: AdversarialEdit, code: str, language: str) -> bool:
    """Check one sample and return whether the edit applies to it.

    Raises:
        AssertionError: The edit changes what the code does, or depends on more than its arguments.
    """
    edited = edit.apply(code, get_language(language), "pair-1")
    require(edited == edit.apply(code, get_language(language), "pair-1"), f"{edit.name}: not deterministic")
    if edited is None:
        return False
    kept = keeps_behavior(code, edited, get_language(language))
    require(kept, f"{edit.name}: changes the behavior of the {language} sample")
    return apply_edit(edit, code, language, "pair-1") is not None
