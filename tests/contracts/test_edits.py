"""Every registered adversarial edit passes the contract checks."""

import pytest

from themis_rm.evaluation.adversarial.registry import EDITS
from themis_rm.testing.edits import check_edit

SAMPLES = {
    "Python": "import os\n\n\ndef add(first, second):\n    total = first + second\n    return total\n",
    "Go": "package a\n\nfunc add(first int, second int) int {\n\ttotal := first + second\n\treturn total\n}\n",
    "Java": "class A {\n    int add(int first, int second) {\n        int total = first + second;\n        return total;\n    }\n}\n",
}


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_an_edit_keeps_its_contract(edit):
    check_edit(edit, SAMPLES)


def test_an_edit_that_changes_behavior_is_found():
    from themis_rm.evaluation.adversarial.registry import AdversarialEdit, EditedCode

    broken = AdversarialEdit("broken", "changes a sum", lambda code, *_: EditedCode(code.replace("+", "-")))
    with pytest.raises(AssertionError, match="changes the behavior"):
        check_edit(broken, SAMPLES)
