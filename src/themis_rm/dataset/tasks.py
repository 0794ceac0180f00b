"""Tasks of a dataset: which pairs become rows by their task, and the repair form of pairs.

The repair form of a pair asks for an improvement of the rejected version, which is in the request. Its chosen response
is the better version, and its rejected one is the version of the request, unchanged: a response that ignores the
request. The request names the criterion, but neither the change nor the bug.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from themis_rm.curation.tokens import estimate
from themis_rm.dataset.preferences import PairFilter
from themis_rm.dataset.row_index import GROUPED_REQUEST, REASON, criteria_of, exclusion_reason, hash64, task_of
from themis_rm.dataset.settings import AssembleSettings
from themis_rm.languages import get_language
from themis_rm.pipeline import to_document
from themis_rm.records import REPAIR
from themis_rm.storage.digests import stable_id

ASKS: Mapping[str, tuple[str, ...]] = {
    "FC": (
        "It does not always behave as it should. Please correct it.",
        "Something in it is wrong. Find the mistake and correct it.",
    ),
    "EE": (
        "Please make it faster, and keep what it does.",
        "It takes too much time. Speed it up without changing its results.",
    ),
    "ME": (
        "Please make it use less memory, and keep what it does.",
        "It needs too much memory. Reduce that without changing its results.",
    ),
    "R&M": (
        "Please make it easier to read and maintain, and keep what it does.",
        "Improve its readability and maintainability without changing its results.",
    ),
    "SH": (
        "Please make it more secure, and keep what it does otherwise.",
        "Harden it against misuse by attackers, and keep its purpose.",
    ),
}
"""Criterion -> wordings of what is to be improved."""

OTHER_TASK, TOO_LONG = "other-task", "too-many-tokens"
FORM_REASONS: Mapping[str, str] = {
    OTHER_TASK: "pair of a task that the dataset does not have",
    TOO_LONG: "repair form whose request and longer response have too many tokens together",
}
"""Reason -> meaning, of pairs and repair forms that do not become rows."""

_ORIGINS = ("commit", "injection")
"""Origins of pairs whose rejected version is an earlier or a damaged form of the chosen one."""


def repair_request(instruction: str, code: str, language: str, short: str, identity: str) -> str:
    """Return the request for an improvement of code.

    Args:
        instruction: The request that the code answers.
        code: The code.
        language: Its language.
        short: Short name of the criterion on which it is to be improved.
        identity: Id of the pair, which selects the wording.
    """
    asks = ASKS[short]
    ask = asks[int(stable_id("repair", identity, short)[:8], 16) % len(asks)]
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    block = f"{fence}{get_language(language).fence}\n{code.rstrip()}\n{fence}"
    return f"{instruction}\n\nThis is the code so far:\n\n{block}\n\n{ask} Answer with all of the code."


def repair_form(pair: Mapping[str, Any], short: str) -> dict[str, Any]:
    """Return the repair form of a pair under one of its criteria."""
    request = repair_request(pair["instruction"], pair["rejected"], pair["language"], short, pair["id"])
    return {
        **pair,
        "instruction": request,
        "criteria": [short],
        "task": REPAIR,
        GROUPED_REQUEST: pair["instruction"],
    }


class ExpandTasks(PipelineStep):
    """Turns each pair into its forms: the pair itself, and its repair form under each criterion.

    A pair whose task is not wanted, and a repair form that is too long, get the reason for which they are dropped.
    """

    type = "🔁 - MAP"
    name = "expand tasks"

    def __init__(self, settings: AssembleSettings) -> None:
        super().__init__()
        self.tasks, self.wanted, self.seed = settings.tasks, PairFilter.of(settings), settings.seed
        self.share, self.max_tokens = settings.repair_share, settings.repair_max_tokens

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Yield the forms of each pair; one that cannot become rows is passed on unchanged."""
        for doc in data:
            pair = doc.metadata
            if exclusion_reason(pair, self.wanted):
                yield doc
                continue
            is_wanted, is_repaired = task_of(pair) in self.tasks, self._has_repair_form(pair)
            if is_wanted or not is_repaired:
                yield doc if is_wanted else to_document(pair | {REASON: OTHER_TASK})
            if is_repaired:
                yield from (to_document(self._limited(repair_form(pair, s))) for s in criteria_of(pair, self.wanted))

    def _has_repair_form(self, pair: Mapping[str, Any]) -> bool:
        if REPAIR not in self.tasks or pair["origin"] not in _ORIGINS or task_of(pair) == REPAIR:
            return False
        return hash64("repair", str(self.seed), pair["id"]) < self.share * 2**64

    def _limited(self, form: dict[str, Any]) -> dict[str, Any]:
        tokens = estimate(form["instruction"]) + max(estimate(form["chosen"]), estimate(form["rejected"]))
        return form | ({REASON: TOO_LONG} if tokens > self.max_tokens else {})
