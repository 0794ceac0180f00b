"""Criteria prompts: the only place that renders them, for training, evaluation and serving alike.

A prompt set is data. Three kinds exist: our own (built in), one read from a YAML or JSON file, and one read out of
the distinct ``system`` values of a preference dataset, which is how a published checkpoint gets exactly the prompts
that it was trained with.
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from themis_rm.criteria import CRITERIA, PRINCIPLES, Criterion, criterion, is_criterion
from themis_rm.errors import InputError, SettingError
from themis_rm.settings import Settings, read_yaml
from themis_rm.storage.parquet import read_rows

PromptMode = Literal["none", "all", "own"]
Message = dict[str, str]
Conversation = list[Message]

_FRAME = (
    "You grade answers to programming requests. Read the request and the answer, then grade the answer by what "
    "is listed here and by nothing else.\n{criteria}"
)


class PromptMix(Settings):
    """Shares with which a training sample gets no criteria prompt, all criteria, or its own; they must sum to 100."""

    none: float = 15.0
    """Percent of samples without a system message."""
    all: float = 20.0
    """Percent with all five criteria, in an order drawn per sample."""
    own: float = 65.0
    """Percent with the sample's own criterion alone."""

    def model_post_init(self, _: Any) -> None:
        """Check the shares.

        Raises:
            ValueError: A share is negative or the sum is not 100.
        """
        if min(self.none, self.all, self.own) < 0 or abs(self.none + self.all + self.own - 100) > 1e-6:
            raise ValueError(f"none + all + own must be 100 percent, not {self.none + self.all + self.own:g}")


@dataclass(frozen=True)
class PromptSet:
    """Criteria prompts under one name.

    Either composed (``frame`` with ``{criteria}`` in it, and one item per criterion and principle) or fixed (whole
    texts per criterion and for all criteria together, as found in a dataset).

    Attributes:
        name: What results and checkpoints call the set.
        frame: Text around the list of criteria; empty for a fixed set.
        items: Criterion short name or principle name -> its line in the list.
        own: Criterion short name -> the whole prompt, for a fixed set.
        everything: The whole all-criteria prompts found, most frequent first, for a fixed set.
    """

    name: str
    frame: str = ""
    items: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, str] = field(default_factory=dict)
    everything: tuple[str, ...] = ()

    def render(self, criteria: Sequence[Criterion]) -> str:
        """Return the system message that asks for these criteria, in this order.

        Raises:
            SettingError: The set has no prompt for that selection (a fixed set knows single criteria and all).
        """
        if not criteria:
            raise SettingError("No criterion was given.", "Name one or more, or use prompt mode 'none'.")
        if self.frame:
            lines = [self.items[p.name] for p in PRINCIPLES if p.name in self.items]
            lines += [self.items[c.short] for c in criteria]
            return self.frame.replace("{criteria}", "\n".join(f"- {line}" for line in lines))
        if len(criteria) == 1 and criteria[0].short in self.own:
            return self.own[criteria[0].short]
        if len(set(criteria)) == len(CRITERIA) and self.everything:
            return self.everything[0]
        asked = ", ".join(c.short for c in criteria)
        raise SettingError(
            f"Prompt set '{self.name}' has no prompt for {asked}.",
            "A set read from a dataset knows single criteria and all five together.",
        )

    def system(self, mode: PromptMode, own: Criterion | None) -> str | None:
        """Return the system message of an evaluation mode; ``all`` uses the table's order.

        Raises:
            SettingError: ``own`` was asked for a row without a criterion.
        """
        if mode == "none":
            return None
        if mode == "all":
            return self.render(CRITERIA)
        if own is None:
            raise SettingError("Prompt mode 'own' needs a row with a known criterion.")
        return self.render([own])

    def draw(self, mix: PromptMix, own: Criterion, seed: str) -> tuple[PromptMode, str | None]:
        """Draw the prompt of a training sample.

        The draw depends on ``seed`` alone (give it the run's seed and the row's id), never on the order in which
        rows are seen, so that an interrupted or differently sharded run draws the same.

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
        return "own", self.render([own])

    def to_json(self) -> str:
        """Return the set as JSON, as it is saved beside a checkpoint."""
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
        if not frame and not own:
            raise InputError(f"{where}: a prompt set needs either 'frame' and 'items', or 'own'.")
        return cls(str(values.get("name") or where), frame, items, own, tuple(values.get("everything") or ()))

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read a set from YAML or JSON (which is YAML).

        Raises:
            InputError: The file cannot be read or is no prompt set.
        """
        return cls.from_values(read_yaml(path), str(path))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a set from a YAML or JSON file, or out of a preference dataset (a Parquet file, or a folder of them).

        Raises:
            InputError: There is no prompt set to be had there.
        """
        if path.is_dir() or path.suffix == ".parquet":
            return cls.from_preferences(path.stem, read_rows(path, ["system", "aspect"]))
        return cls.from_file(path)

    @classmethod
    def from_preferences(cls, name: str, rows: Iterable[Mapping[str, Any]]) -> Self:
        """Read a set out of the ``system`` and ``aspect`` columns of a preference dataset.

        The own prompt of a criterion is by far the most frequent text among its rows, since all-criteria prompts
        are drawn less often and in 120 orders; every other text that occurs with more than one criterion is taken
        for an all-criteria prompt.

        Args:
            name: Name of the set.
            rows: Mappings with ``system`` and ``aspect``; rows with neither a system message nor one of the five
                criteria are passed over.

        Raises:
            InputError: No row has a system message and a known criterion.
        """
        by_aspect: dict[str, Counter[str]] = defaultdict(Counter)
        for row in rows:
            if row.get("system") and is_criterion(row["aspect"]):
                by_aspect[criterion(row["aspect"]).short][row["system"]] += 1
        if not by_aspect:
            raise InputError(f"{name}: no row has both a system message and one of the five criteria.")
        seen_in = Counter(text for texts in by_aspect.values() for text in texts)
        own: dict[str, str] = {}
        for short, texts in by_aspect.items():
            # A text that several criteria share cannot be one criterion's own.
            alone = [(n, text) for text, n in texts.items() if seen_in[text] == 1 or len(by_aspect) == 1]
            if alone:
                own[short] = min(alone, key=lambda pair: (-pair[0], pair[1]))[1]
        totals: Counter[str] = Counter()
        for texts in by_aspect.values():
            totals.update(texts)
        rest = [text for text in totals if text not in own.values()]
        return cls(name, own=own, everything=tuple(sorted(rest, key=lambda text: (-totals[text], text))))


def built_in() -> PromptSet:
    """Return our own prompt set, composed from the table of criteria."""
    items = {p.name: f"{p.name}: {p.asks}" for p in PRINCIPLES}
    items |= {c.short: f"{c.title}: {c.asks}" for c in CRITERIA}
    return PromptSet("themis", _FRAME, items)


def conversation(system: str | None, prompt: str, response: str | None = None) -> Conversation:
    """Return the messages of one scored answer: system (if any), the request, the response (if given)."""
    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": prompt})
    if response is not None:
        messages.append({"role": "assistant", "content": response})
    return messages
