"""Rows with several chosen and rejected responses: RewardBench 2, RM-Bench, and lists of texts in general."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from themis_rm.dataset.adapters import FORMATS, PreferenceFormat, PreferencePair, UnusableRowError
from themis_rm.dataset.adapters.columns import ANY, NUMBER, TEXT, TEXT_OR_MESSAGES, TEXTS
from themis_rm.dataset.adapters.explicit import Explicit
from themis_rm.dataset.adapters.pair import label_of, name_of, pair_of, prompt_of, texts_of


class Candidates(PreferenceFormat):
    """Every chosen response against every rejected one."""

    name = "candidates"
    required: ClassVar = {"prompt": TEXT_OR_MESSAGES, "chosen": TEXTS, "rejected": TEXTS}
    about = "prompt with lists of chosen and rejected responses"

    def read(self, row: Mapping[str, Any]) -> Iterator[PreferencePair]:
        """Return the pairs of a row, which share a group; pairs of equal responses are left out."""
        name = name_of(row, "id", "idx")
        prompt = prompt_of(row, "prompt")
        found = False
        for i, chosen in enumerate(texts_of(row, "chosen")):
            for j, rejected in enumerate(texts_of(row, "rejected")):
                if chosen == rejected:
                    continue
                found = True
                yield pair_of(
                    prompt,
                    [{"role": "assistant", "content": chosen}],
                    [{"role": "assistant", "content": rejected}],
                    id=f"{name}:{i}:{j}" if name else "",
                    group=name,
                    language=label_of(row, "language"),
                    aspect=label_of(row, "aspect", "criterion"),
                    subset=name_of(row, "subset", "domain"),
                )
        if not found:
            raise UnusableRowError("identical-responses")


class RewardBench2(Candidates):
    """RewardBench 2: one or several correct responses against incorrect ones."""

    name = "rewardbench2"
    required: ClassVar = {**Candidates.required, "num_correct": NUMBER, "subset": TEXT}
    about = "prompt, chosen, rejected as lists, num_correct, subset (RewardBench 2)"


class RMBench(Candidates):
    """RM-Bench: three styles per side."""

    name = "rm-bench"
    required: ClassVar = {**Candidates.required, "domain": TEXT}
    about = "prompt, chosen, rejected as lists of three styles, domain (RM-Bench)"


class RewardBench(Explicit):
    """RewardBench 1: pairs in subsets."""

    name = "rewardbench"
    required: ClassVar = {**Explicit.required, "chosen_model": ANY, "rejected_model": ANY, "subset": TEXT}
    about = "prompt, chosen, rejected, chosen_model, rejected_model, subset, id (RewardBench)"


for _format in (Candidates, RewardBench2, RMBench, RewardBench):
    FORMATS.register(_format())
