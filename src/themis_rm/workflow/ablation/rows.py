"""Training rows of a variant: filtered, sampled and with new criteria prompts, written as a dataset of its own."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from themis_rm.criteria import criterion, is_criterion
from themis_rm.dataset.preferences import DataSettings
from themis_rm.errors import SettingError
from themis_rm.languages import get_language
from themis_rm.prompts import PromptSet
from themis_rm.records import Preference
from themis_rm.storage.atomic import atomic_directory, write_text
from themis_rm.storage.digests import stable_id
from themis_rm.storage.parquet import write_rows
from themis_rm.training.prompt_sets import PROMPTS_FILE, find_prompt_set
from themis_rm.training.splits import PreferenceSplits, Split, find_splits
from themis_rm.workflow.ablation.grid import RowSettings


@dataclass(frozen=True)
class TrainingRows:
    """Rows of a dataset that a stage of a variant is trained on.

    Attributes:
        data: The dataset.
        validation_fraction: Share of rows for validation, if the dataset has no named splits.
        reader: How the dataset is read.
        prompt_set: See :attr:`themis_rm.training.recipe.TrainRecipe.prompt_set`.
        settings: Filters, number of rows, and criteria prompts.
        digest: Digest of the dataset's files.
    """

    data: str
    validation_fraction: float
    reader: DataSettings
    prompt_set: str
    settings: RowSettings
    digest: str

    @cached_property
    def key(self) -> str:
        """Return what identifies the rows."""
        facts = (self.digest, self.reader.canonical(), self.prompt_set, str(self.validation_fraction))
        return stable_id(*facts, self.settings.canonical())

    @cached_property
    def splits(self) -> PreferenceSplits:
        """Return the files of the dataset."""
        return find_splits(self.data, self.validation_fraction, self.reader)

    def matching(self, split: Split) -> Iterator[dict[str, Any]]:
        """Yield the rows of a split that the filters select."""
        criteria = {criterion(name) for name in self.settings.criteria}
        languages = {get_language(name).name for name in self.settings.languages}
        longest = self.settings.max_characters
        for row in self.splits.rows(split):
            if criteria and not (is_criterion(row["aspect"]) and criterion(row["aspect"]) in criteria):
                continue
            if languages and _language(row) not in languages:
                continue
            if longest is None or _characters(row) <= longest:
                yield row

    def write(self, folder: Path) -> None:
        """Write the rows as a dataset with a training and a validation split and its prompt set, atomically."""
        prompts = find_prompt_set(self.prompt_set, Path(self.data), self.splits)
        limit = self._largest_key()
        with atomic_directory(folder) as partial:
            for split in ("train", "validation"):
                rows = (
                    Preference.from_dict(self._with_prompt(row, prompts))
                    for row in self.matching(split)
                    if split == "validation" or limit is None or _key(row) <= limit
                )
                write_rows(partial / "data" / f"{split}-00000-of-00001.parquet", rows, Preference.schema())
            write_text(partial / PROMPTS_FILE, prompts.to_json() + "\n")

    def _largest_key(self) -> str | None:
        """Return the largest key of the sampled rows, ``None`` for all rows."""
        if self.settings.pairs is None:
            return None
        return heapq.nsmallest(self.settings.pairs, map(_key, self.matching("train")))[-1]

    def _with_prompt(self, row: Mapping[str, Any], prompts: PromptSet) -> dict[str, Any]:
        if self.settings.prompts is None:
            return dict(row)
        own = criterion(row["aspect"]) if is_criterion(row["aspect"]) else None
        mode, system = prompts.draw(self.settings.prompts, own, f"ablation {_key(row)}")
        return {**row, "system": system, "prompt_mode": mode}


def count_rows(rows: TrainingRows) -> int:
    """Return the number of training rows.

    Raises:
        SettingError: There are fewer than the grid asks for, or none.
    """
    found = sum(1 for _ in rows.matching("train"))
    wanted = rows.settings.pairs
    if not found or found < (wanted or 0):
        filters = json.dumps(rows.settings.model_dump(mode="json", exclude={"pairs", "prompts"}, exclude_defaults=True))
        raise SettingError(
            f"{rows.data} has {found} training rows for {filters}, not {wanted or 'any'}.",
            "Set fewer pairs for all variants, or use more data.",
        )
    return wanted or found


def _characters(row: Mapping[str, Any]) -> int:
    return len(row["input"]) + max(len(row["chosen"]), len(row["rejected"]))


def _language(row: Mapping[str, Any]) -> str:
    try:
        return get_language(row["language"]).name
    except SettingError:
        return ""


def _key(row: Mapping[str, Any]) -> str:
    return stable_id(row["input"], row["chosen"], row["rejected"], str(row["idx"]))
