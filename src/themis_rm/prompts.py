"""Criteria prompts: rendered here for training, evaluation and serving.

A prompt set is data. It is built in, read from a YAML or JSON file, or extracted from the distinct ``system`` values
of a preference dataset, so that a published checkpoint is used with exactly the prompts that it was trained with.
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from themis_rm.criteria import CRITERIA, PRINCIPLES, Criterion, criterion, is_criterion
from themis_rm.errors import InputError, SettingError
from themis_rm.settings import Settings, read_yaml
from themis_rm.storage.input_files import open_input

PromptMode = Literal["none", "all", "own"]

BUILT_IN = "themis"
"""Name of the built-in set."""
_MAX_TEXTS = 1000
"""Most all-criteria prompts of a set that is extracted from a dataset."""

_FRAME = (
    "You grade answers to programming requests. Read the request and the answer, then grade the answer by what "
    "is listed here and by nothing else.\n{criteria}"
)


class PromptMix(Settings):
    """Percentages of training samples with no criteria prompt, all criteria, or their own criterion; sum: 100."""

    none: float = 15.0
    """Percentage without a criteria prompt."""
    all: float = 20.0
    """Percentage with all five criteria, in an order drawn per sample."""
    own: float = 65.0
    """Percentage with only the sample's own criterion."""

    def model_post_init(self, _: Any) -> None:
        """Check the percentages.

        Raises:
            ValueError: A percentage is negative or the sum is not 100.
        """
        if min(self.none, self.all, self.own) < 0 or abs(self.none + self.all + self.own - 100) > 1e-6:
            raise ValueError(f"none + all + own must be 100 percent, not {self.none + self.all + self.own:g}")


@dataclass(frozen=True)
class PromptSet:
    """A named set of criteria prompts.

    A set is either composed (``frame`` with the placeholder ``{criteria}``, and one item per criterion and principle)
    or fixed (complete texts per criterion and for all criteria together, as found in a dataset).

    Attributes:
        name: Name of the set in results and checkpoints.
        frame: Text around the list of criteria; empty for a fixed set.
        items: Criterion short name or principle name -> its line in the list.
        own: Criterion short name -> complete prompt, for a fixed set.
        everything: Complete all-criteria prompts, most frequent first, for a fixed set.
    """

    name: str
    frame: str = ""
    items: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, str] = field(default_factory=dict)
    everything: tuple[str, ...] = ()

    def render(self, criteria: Sequence[Criterion]) -> str:
        """Return the system message that asks for these criteria, in this order.

        Raises:
            SettingError: The set has no prompt for that selection (a fixed set has single criteria and all).
        """
        if not criteria:
            raise SettingError("No criterion is given.", "Name one or more, or use prompt mode 'none'.")
        if self.frame:
            lines = [self.items[p.name] for p in PRINCIPLES if p.name in self.items]
            lines += [self.items[c.short] for c in criteria]
            return self.frame.replace("{criteria}", "\n".join(f"- {line}" for line in lines))
        if len(criteria) == 1 and criteria[0].short in self.own:
            return self.own[criteria[0].short]
        if len(set(criteria)) == len(CRITERIA) and self.everything:
            return self.everything[0]
        names = ", ".join(c.short for c in criteria)
        raise SettingError(
            f"Prompt set '{self.name}' has no prompt for {names}.",
            "A set that is read from a dataset has prompts for single criteria and for all five together.",
        )

    def system(self, mode: PromptMode, own: Criterion | None) -> str | None:
        """Return the system message of an evaluation mode; ``all`` uses the table's order.

        Raises:
            SettingError: The mode is ``own`` and the row has no criterion.
        """
        if mode == "none":
            return None
        if mode == "all":
            return self.render(CRITERIA)
        if own is None:
            raise SettingError("Prompt mode 'own' needs a row with a known criterion.")
        return self.render([own])

    def principles(self) -> str:
        """Return the system message that asks for the general principles alone.

        Raises:
            SettingError: The set has no lines for the principles.
        """
        lines = [self.items[p.name] for p in PRINCIPLES if p.name in self.items]
        if not self.frame or not lines:
            raise SettingError(
                f"Prompt set '{self.name}' has no prompt for rows of general principles.",
                "Use a set with a frame and items for the principles, or draw no own prompts (mix.own=0).",
            )
        return self.frame.replace("{criteria}", "\n".join(f"- {line}" for line in lines))

    def draw(self, mix: PromptMix, own: Criterion | None, seed: str) -> tuple[PromptMode, str | None]:
        """Draw the prompt of a training sample.

        The draw depends only on ``seed`` (built from the run's seed and the row's id), not on the order of rows:
        an interrupted or differently sharded run draws the same prompts.

        Args:
            mix: Shares of the modes.
            own: Criterion of the row; ``None`` for a row of a general principle, whose own prompt has the principles.
            seed: Seed of the draw.

        Returns:
            The mode, and the system message (``None`` for mode ``none``).
        """
        rng = random.Random(seed)
        point = rng.random() * 100
        if point < mix.none:
            return "none", None
        if point < mix.none + mix.all:
            if self.everything and not self.frame:
                return "all", rng.choice(self.everything)
            return "all", self.render(rng.sample(CRITERIA, len(CRITERIA)))
        return "own", self.render([own]) if own else self.principles()

    def to_json(self) -> str:
        """Return the set as JSON, the content of a checkpoint's ``prompts.json``."""
        return json.dumps(
            {
                "name": self.name,
                "frame": self.frame,
                "items": dict(self.items),
                "own": dict(self.own),
                "everything": list(self.everything),
            },
            indent=2,
            ensure_ascii=False,
        )

    @classmethod
    def from_values(cls, values: Mapping[str, Any], where: str) -> Self:
        """Build a set from plain data (keys as the attributes; criteria under any of their names).

        Raises:
            InputError: A key is unknown, or the set is neither composed nor fixed.
        """
        unknown = set(values) - {"name", "frame", "items", "own", "everything"}
        if unknown:
            raise InputError(
                f"{where}: unknown key '{min(unknown)}' in a prompt set.",
                "Keys: name, frame, items, own, everything.",
            )
        principles = {p.name.casefold(): p.name for p in PRINCIPLES}

        def key(name: str) -> str:
            return principles.get(name.casefold()) or criterion(name).short

        items = {key(k): str(v) for k, v in (values.get("items") or {}).items()}
        own = {criterion(k).short: str(v) for k, v in (values.get("own") or {}).items()}
        frame = str(values.get("frame") or "")
        if frame and ("{criteria}" not in frame or any(c.short not in items for c in CRITERIA)):
            raise InputError(f"{where}: a 'frame' needs '{{criteria}}' in it and an item for each criterion.")
        everything = tuple(map(str, values.get("everything") or ()))
        if not frame and not own and not everything:
            raise InputError(f"{where}: a prompt set needs 'frame' and 'items', or 'own', or 'everything'.")
        return cls(str(values.get("name") or where), frame, items, own, everything)

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read a set from YAML or JSON (which is YAML).

        Raises:
            InputError: The file cannot be read or is not a prompt set.
        """
        return cls.from_values(read_yaml(path), str(path))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a set from a YAML or JSON file, or extract it from a preference dataset.

        Args:
            path: A prompt set, or a directory or table with the columns ``system`` and ``aspect`` of the published
                preference data. A JSON file is a table if it holds a list. ``themis`` is the built-in set, if there is
                no such file.

        Raises:
            InputError: The path contains no prompt set.
        """
        if path == Path(BUILT_IN) and not path.exists():
            return cls(**vars(built_in()))
        if len(path.parts) == 2 and not path.suffix and not path.exists():
            raise InputError(
                f"There is no file or directory {path}.",
                f"Download a dataset of the hub first: hf download --repo-type dataset {path} --local-dir DATASET, "
                "then prompt_set=DATASET.",
            )
        if _is_dataset(path):
            return cls.from_preferences(path.stem, _published_rows(path))
        return cls.from_file(path)

    @classmethod
    def from_preferences(cls, name: str, rows: Iterable[Mapping[str, Any]]) -> Self:
        """Extract a set from the ``system`` and ``aspect`` columns of a preference dataset.

        A criterion's own prompt is by far the most frequent text among its rows, since all-criteria prompts are drawn
        less often and in 120 orders. The other texts, the most frequent first, are used as all-criteria prompts. If no
        row has one of the five criteria, all texts are.

        Args:
            name: Name of the set.
            rows: Mappings with ``system`` and ``aspect``; rows without a system message are ignored, and so are rows of
                other criteria.

        Raises:
            InputError: No row has a system message.
        """
        by_aspect: dict[str, Counter[str]] = defaultdict(Counter)
        for row in rows:
            if isinstance(row.get("system"), str) and row["system"]:
                aspect = row.get("aspect")
                known = isinstance(aspect, str) and is_criterion(aspect)
                by_aspect[criterion(str(aspect)).short if known else ""][row["system"]] += 1
        if not by_aspect:
            raise InputError(f"{name}: no row has a system message.", "Use a prompt set file, or the built-in set.")
        unlabeled = by_aspect.pop("", Counter())
        own = _own_prompts(by_aspect)
        totals = sum(by_aspect.values(), Counter()) or unlabeled
        rest = sorted((text for text in totals if text not in own.values()), key=lambda text: (-totals[text], text))
        return cls(name, own=own, everything=tuple(rest[:_MAX_TEXTS]))


def _is_dataset(path: Path) -> bool:
    """Return whether a path holds rows: a directory, or a table; a JSON file if it starts with a list."""
    from themis_rm.storage.tables import table_type  # pyarrow is slow to import

    if path.suffix != ".json" or not path.is_file():
        return path.is_dir() or bool(table_type(path))
    with open_input(path) as handle:
        return handle.read(1 << 16).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"["


def _published_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the training rows of a preference dataset.

    Raises:
        InputError: A file lacks the columns, or they hold no text.
    """
    from themis_rm.storage.parquet import open_parquet, require_text  # pyarrow is slow to import
    from themis_rm.storage.splits import find_split_files
    from themis_rm.storage.tables import read_table, table_type

    columns = ["system", "aspect"]
    for file in find_split_files(path).train_or_all:
        if table_type(file) == ".parquet":
            with open_parquet(file, columns) as handle:
                require_text(handle.schema_arrow, file, columns)
        yield from (row for _, row in read_table(file) if isinstance(row, dict))


def _own_prompts(by_aspect: Mapping[str, Counter[str]]) -> dict[str, str]:
    """Return the most frequent text of each criterion that no other criterion has."""
    seen_in = Counter(text for texts in by_aspect.values() for text in texts)
    own = {}
    for short, texts in by_aspect.items():
        alone = [(n, text) for text, n in texts.items() if seen_in[text] == 1 or len(by_aspect) == 1]
        if alone:
            own[short] = min(alone, key=lambda pair: (-pair[0], pair[1]))[1]
    return own


def built_in() -> PromptSet:
    """Return the built-in prompt set, composed from the table of criteria."""
    items = {p.name: f"{p.name}: {p.asks}" for p in PRINCIPLES}
    items |= {c.short: f"{c.title}: {c.asks}" for c in CRITERIA}
    return PromptSet(BUILT_IN, _FRAME, items)
