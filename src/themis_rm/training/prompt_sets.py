"""Criteria prompts that belong to a training dataset and are saved with the checkpoint."""

from __future__ import annotations

import itertools
from pathlib import Path

from themis_rm.criteria import CRITERIA
from themis_rm.prompts import PromptSet, built_in
from themis_rm.training.splits import PreferenceSplits

PROMPTS_FILE = "prompts.json"


def find_prompt_set(name: str, data: Path, splits: PreferenceSplits) -> PromptSet:
    """Return the prompt set of a dataset.

    Args:
        name: ``dataset``, ``themis`` (the built-in set), or the path of a file or dataset (see :meth:`PromptSet.load`).
        data: The dataset; a ``prompts.json`` in its directory is its prompt set.
        splits: Its rows, for a dataset without that file. If they contain only built-in criteria prompts or none, or
            are not in the columns of the published data, whose system messages are criteria prompts, the built-in set
            is returned; otherwise a set is extracted from them.

    Raises:
        InputError: The file cannot be read or is not a prompt set.
    """
    if name != "dataset":
        return PromptSet.load(Path(name))
    if (data / PROMPTS_FILE).is_file():
        return PromptSet.from_file(data / PROMPTS_FILE)
    if splits.format != "themis":
        return built_in()
    known = {built_in().render([criterion]) for criterion in CRITERIA}
    known |= {built_in().render(order) for order in itertools.permutations(CRITERIA)}
    if all(row["system"] in known for row in splits.rows("train") if row["system"]):
        return built_in()
    return PromptSet.from_preferences(data.stem, splits.rows("train"))
