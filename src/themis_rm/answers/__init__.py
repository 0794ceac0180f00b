"""What a policy's answer contains: the code to score, or the reason why it cannot be found.

:func:`themis_rm.answers.extract.extract_answer` finds it; parsers are imported with that module only.
"""

from __future__ import annotations

from typing import Literal

AnswerMode = Literal["raw", "code", "last-block", "one-block", "diff", "auto"]
"""How the code of an answer is found.

``raw``: the answer as it is. ``code``: the complete answer is code, without fences. ``last-block``: the last fenced
block. ``one-block``: the only fenced block. ``diff``: a unified diff, fenced or not. ``auto``: code without fences, a
diff, or the only block of the first of these kinds that the answer has: a known programming language, another label,
no label, shell commands and data.
"""
