"""The 51 published models of CodeRewardBench as typed rows: what each is, and what scoring with it takes.

A row states facts of one published checkpoint; the catalog of families says how its family is computed, and
:mod:`themis_rm.evaluation.reference` holds its benchmark figures. An unknown fact is empty or ``None``.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, cast, get_args

from themis_rm.errors import CheckpointError, did_you_mean
from themis_rm.models.catalog import FAMILIES
from themis_rm.models.settings import Interface, SystemRole

Source = Literal["card", "config", "code", "docs", "notes", "series", "name", "memory"]
"""Where a fact was learned; the head of ``published.csv`` says what each word means."""

UNMARKED = frozenset(family.name for family in FAMILIES if not family.tensors)
"""Families that nothing in a folder gives away, so that a user must name them."""

Checked = Literal["yes", "part", "no"]
"""Whether a tiny checkpoint of the same form, whose scores the original code gave, stands behind a row."""


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """One published model.

    Attributes:
        run: Name of its folder among the published scores; unique.
        hub: Its repository on the hub.
        table: What the published tables call it.
        aliases: Further names.
        series: Models of one recipe in several sizes, to be joined by a line; empty for a single one.
        parameters: Billions, nominal.
        family: Row of the catalog of families, or interface of a generative judge; empty where none of ours reads it.
        base: What it was trained from.
        license: Of the weights, as their source states it.
        prompts: Criteria prompts that it was trained with: ``own``, ``all``, ``none``; empty for judges, whose
            interface says what they are asked.
        system: What becomes of a system message under its chat template.
        positions: Longest input of its configuration, in tokens.
        trained: Longest input in training, in tokens.
        dtype: Of the published weights.
        attention: ``softcap`` where attention must cap its logits (Gemma 2), else ``any``.
        tokenizer: Repository of its tokenizer where that is another one.
        weights: ``safetensors``, ``pickle``, or ``mixed``.
        code: ``replaced`` where the repository brings code that the family stands for, ``needed`` where nothing of
            ours does, ``none`` where it brings none.
        golden: Name of the golden checkpoint of its form.
        gap: What the golden leaves open.
        note: What a reader must know about its published figures.
        scoring: What a user must know about scoring with it.
        sources: Column -> where the fact in it was learned.
    """

    run: str
    hub: str
    table: str
    aliases: tuple[str, ...]
    series: str
    parameters: float
    family: str
    base: str
    license: str
    prompts: tuple[str, ...]
    system: SystemRole | Literal[""]
    positions: int | None
    trained: int | None
    dtype: str
    attention: Literal["any", "softcap"]
    tokenizer: str
    weights: Literal["safetensors", "pickle", "mixed", ""]
    code: Literal["none", "replaced", "needed", ""]
    golden: str
    gap: str
    note: str
    scoring: str
    sources: Mapping[str, Source]

    @property
    def interface(self) -> Interface | None:
        """Return how a generative judge is asked, ``None`` for a scalar model."""
        return cast("Interface", self.family) if self.family in get_args(Interface) else None

    @property
    def kind(self) -> Literal["scalar", "generative"]:
        """Return ``generative`` for a judge that writes its score."""
        return "generative" if self.interface else "scalar"

    @property
    def checked(self) -> Checked:
        """Return whether goldens of its form check what we compute."""
        if not self.golden:
            return "no"
        return "part" if self.gap else "yes"

    @property
    def settings(self) -> dict[str, str]:
        """Return the fields of ``ModelSettings`` that loading it needs, as a user writes them."""
        needed = {"family": self.family if self.family in UNMARKED else "", "tokenizer": self.tokenizer}
        needed["pickled_weights"] = "true" if self.weights in {"pickle", "mixed"} else ""
        return {name: value for name, value in needed.items() if value}

    @property
    def names(self) -> tuple[str, ...]:
        """Return every name that means this model, each once; :func:`find` takes them in any case.

        What the tables call it is left out where that is the id of another repository.
        """
        table = () if "/" in self.table else (self.table,)
        return tuple(dict.fromkeys((self.run, self.hub, self.hub.rpartition("/")[2], *table, *self.aliases)))


@cache
def rows() -> tuple[PublishedModel, ...]:
    """Return all published models, by the name of their run."""
    text = resources.files(__package__).joinpath("published.csv").read_text(encoding="utf-8")
    lines = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(_row(line) for line in lines)


def find(name: str) -> PublishedModel | None:
    """Return the model of a name (run, hub id, name in the tables, alias; in any case), ``None`` for an unknown one."""
    return _by_name().get(name.casefold())


def require(name: str) -> PublishedModel:
    """Return the model of a name.

    Raises:
        CheckpointError: No published model is called that; the message names the nearest one.
    """
    found = find(name)
    if found is None:
        raise CheckpointError(f"There is no published model and no folder '{name}'.", nearest(name))
    return found


def nearest(name: str, *others: str) -> str:
    """Return ``Did you mean 'x'?`` for the nearest known name, or where all of them are listed.

    Args:
        name: What the user wrote.
        others: Names beside those of published models that would have been accepted.
    """
    hint = did_you_mean(name, [*others, *(each for row in rows() for each in row.names)])
    return "'themis-rm models' lists them." if hint.startswith("Known:") else hint


@cache
def _by_name() -> dict[str, PublishedModel]:
    return {name.casefold(): row for row in rows() for name in row.names}


def _row(line: Mapping[str, str]) -> PublishedModel:
    return PublishedModel(
        run=line["run"],
        hub=line["hub"],
        table=line["table"] or line["hub"],
        aliases=tuple(line["aliases"].split()),
        series=line["series"],
        parameters=float(line["parameters"]),
        family=line["family"],
        base=line["base"],
        license=line["license"],
        prompts=tuple(line["prompts"].split()),
        system=cast("SystemRole | Literal['']", line["system"]),
        positions=_count(line["positions"]),
        trained=_count(line["trained"]),
        dtype=line["dtype"],
        attention=cast("Literal['any', 'softcap']", line["attention"]),
        tokenizer=line["tokenizer"],
        weights=cast("Literal['safetensors', 'pickle', 'mixed', '']", line["weights"]),
        code=cast("Literal['none', 'replaced', 'needed', '']", line["code"]),
        golden=line["golden"],
        gap=line["gap"],
        note=line["note"],
        scoring=line["scoring"],
        sources=_sources(line["sources"]),
    )


def _count(value: str) -> int | None:
    return int(value) if value else None


def _sources(value: str) -> dict[str, Source]:
    """Read ``source=column column;source=column`` into column -> source."""
    pairs = [part.split("=", 1) for part in value.split(";") if part]
    return {column: cast("Source", source) for source, columns in pairs for column in columns.split()}
