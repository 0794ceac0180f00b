"""The 51 published models of CodeRewardBench as typed rows: what each is, and what scoring with it needs.

A row has the facts of one published checkpoint; its family (:mod:`themis_rm.models.family`) computes its reward, and
:mod:`themis_rm.evaluation.reference` has its benchmark figures. An unknown fact is empty or ``None``.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, cast

from themis_rm.errors import CheckpointError, did_you_mean
from themis_rm.models.family import FAMILIES
from themis_rm.models.judges.interface import JUDGES
from themis_rm.models.settings import SystemRole

FactSource = Literal["card", "config", "code", "docs", "notes", "series", "name", "memory"]
"""Where a fact comes from; the comment at the top of ``published.csv`` explains each word."""

GoldenCoverage = Literal["yes", "part", "no"]
"""Whether a tiny checkpoint of the same form, with scores of the original code, tests how a model is loaded."""


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """One published model.

    Attributes:
        run: Name of its directory among the published scores; unique.
        hub: Repository on the hub.
        table: Name in the published tables.
        aliases: Further names.
        series: Name of a group of models trained in the same way in several sizes; empty for a single model.
        parameters: Billions of parameters, nominal.
        family: Name of its family, or of the interface of a generative judge; empty if neither can load it.
        base: Model that it was trained from.
        license: License of the weights, as stated by the source.
        prompts: Criteria prompts that it was trained with: ``own``, ``all``, ``none``; empty for judges, which have
            prompts of their interface.
        system: What happens to a system message under its chat template.
        positions: Longest input of its configuration, in tokens.
        trained: Longest input in training, in tokens.
        dtype: Dtype of the published weights.
        attention: ``softcap`` if attention must cap its logits (Gemma 2), otherwise ``any``.
        tokenizer: Repository of its tokenizer, if it is another one.
        weights: ``safetensors``, ``pickle``, or ``mixed``.
        code: ``replaced`` if the repository has code that the family replaces, ``needed`` if no family replaces it,
            ``none`` if it has none.
        golden: Name of the golden checkpoint of its form.
        gap: What the golden does not test.
        note: Remarks on its published figures.
        scoring: Remarks on scoring with it.
        sources: Column -> where the fact in it comes from.
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
    sources: Mapping[str, FactSource]

    @property
    def interface(self) -> str | None:
        """Return the interface of a generative judge, ``None`` for a scalar model."""
        return self.family if self.family in JUDGES else None

    @property
    def kind(self) -> Literal["scalar", "generative"]:
        """Return ``generative`` for a judge that writes its score, otherwise ``scalar``."""
        return "generative" if self.interface else "scalar"

    @property
    def checked(self) -> GoldenCoverage:
        """Return whether golden scores test a model of its form."""
        if not self.golden:
            return "no"
        return "part" if self.gap else "yes"

    @property
    def settings(self) -> dict[str, str]:
        """Return the fields of ``ModelSettings`` that loading it needs, as a user writes them."""
        undetectable = self.family in FAMILIES and FAMILIES.get(self.family).tensors is None
        needed = {"family": self.family if undetectable else "", "tokenizer": self.tokenizer}
        needed["pickled_weights"] = "true" if self.weights in {"pickle", "mixed"} else ""
        return {name: value for name, value in needed.items() if value}

    @property
    def names(self) -> tuple[str, ...]:
        """Return every name of this model, each once; :func:`find` ignores their case.

        The name in the tables is left out if it is the id of another repository.
        """
        table = () if "/" in self.table else (self.table,)
        return tuple(dict.fromkeys((self.run, self.hub, self.hub.rpartition("/")[2], *table, *self.aliases)))


@cache
def rows() -> tuple[PublishedModel, ...]:
    """Return all published models, sorted by run."""
    text = resources.files(__package__).joinpath("published.csv").read_text(encoding="utf-8")
    lines = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(_row(line) for line in lines)


def find(name: str) -> PublishedModel | None:
    """Return the model with a name (run, hub id, name in the tables, alias; in any case), ``None`` if unknown."""
    return _by_name().get(name.casefold())


def require(name: str) -> PublishedModel:
    """Return the model with a name.

    Raises:
        CheckpointError: No published model has that name; the hint suggests the closest one.
    """
    row = find(name)
    if row is None:
        raise CheckpointError(f"There is no published model and no directory '{name}'.", suggest(name))
    return row


def suggest(name: str, *others: str) -> str:
    """Return ``Did you mean 'x'?`` for the closest known name, or a reference to the list of names.

    Args:
        name: What the user wrote.
        others: Accepted names other than those of published models.
    """
    hint = did_you_mean(name, [*others, *(alias for row in rows() for alias in row.names)])
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


def _sources(value: str) -> dict[str, FactSource]:
    """Parse ``source=column column;source=column`` into column -> source."""
    pairs = [part.split("=", 1) for part in value.split(";") if part]
    return {column: cast("FactSource", source) for source, columns in pairs for column in columns.split()}
