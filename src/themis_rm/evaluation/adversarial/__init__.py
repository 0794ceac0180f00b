"""Adversarial edits: changes that impress a judge and do not change what the code does.

An edit is a file in ``edits/`` that registers an :class:`AdversarialEdit` in :data:`EDITS`; another distribution adds
one by an entry point of the group ``themis_rm.edits``.
"""

from themis_rm.evaluation.adversarial.registry import EDITS, AdversarialEdit, EditedCode, apply_edit, keeps_behavior

__all__ = ["EDITS", "AdversarialEdit", "EditedCode", "apply_edit", "keeps_behavior"]
