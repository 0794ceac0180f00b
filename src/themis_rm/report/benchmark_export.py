"""A compiled benchmark as a dataset repository of the hub: Parquet in the published layout, a card, ``eval.yaml``."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict

import themis_rm
from themis_rm.benchmark.audit.run import Audit
from themis_rm.benchmark.files import BenchmarkFiles
from themis_rm.benchmark.manifest import Manifest
from themis_rm.benchmark.pairs import pairs_digest
from themis_rm.benchmark.sources.coderewardbench import CONFIGS
from themis_rm.criteria import CRITERIA
from themis_rm.dataset.hub import hub_license, size_category
from themis_rm.errors import InputError, SettingError
from themis_rm.languages import benchmark_languages
from themis_rm.records import BenchmarkPair, CompiledPair
from themis_rm.report.hub_export import OVERALL, TASK
from themis_rm.settings import Settings
from themis_rm.storage.atomic import write_text
from themis_rm.storage.parquet import read_rows, write_rows

FEATURES = ("prompt", "chosen", "rejected", "language", "aspect", "subset", "id")
"""Published columns, in the order of the published files; ours stand behind them."""
_SPLIT_BY = {"Full": None, "Stratified_Aspect": "aspect", "Stratified_Language": "language"}
_SHARE_ALIKE = re.compile(r"(?i)\b(CC-BY-(?:NC-)?SA|A?GPL|LGPL|MPL|EPL|EUPL|CDDL|ODbL|CDLA-Sharing)\b[\w.-]*")
_LICENSE = re.compile(r"[A-Za-z][\w.+-]*")
_JOINS = frozenset({"AND", "OR", "WITH"})


class BenchmarkExportSettings(Settings):
    """What the card says beyond what the benchmark itself tells."""

    name: str = "CodeRewardBench (compiled)"
    """How people are to call it."""
    repository: str = ""
    """Where it will lie on the hub (``owner/name``), for the examples of the card."""
    note: str = ""
    """A sentence or two put on top of the card."""


class BenchmarkExport(BaseModel):
    """What was written."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    pairs: int
    """Rows of each configuration."""
    splits: dict[str, dict[str, int]]
    """Configuration -> split -> rows."""
    digest: str
    """Hash of the pairs; results carry the same."""
    sha256: str
    """Of the ``Full`` file."""
    licenses: dict[str, int]
    """SPDX expression -> pairs."""
    share_alike: list[str]
    """Those of them that ask for the same terms downstream."""


@dataclass(frozen=True, slots=True)
class _Split:
    config: str
    name: str
    path: Path
    rows: int
    size: int
    memory: int


def schema() -> pa.Schema:
    """Return the columns of the files: the published ones, then where a pair comes from."""
    known = CompiledPair.schema()
    names = [*FEATURES, *(name for name in known.names if name not in FEATURES)]
    return pa.schema([known.field(name).with_nullable(True) for name in names])


def export_benchmark(
    benchmark: Path,
    out: Path,
    settings: BenchmarkExportSettings | None = None,
    manifest: Path | None = None,
    audit: Path | None = None,
) -> BenchmarkExport:
    """Write a dataset folder that ``datasets.load_dataset`` reads and the hub shows.

    Args:
        benchmark: A compiled benchmark, verified or not.
        out: Folder to write, new or empty.
        settings: See :class:`FolderSettings`.
        manifest: Its manifest; by default the one beside it.
        audit: An ``audit.json`` of the same pairs, for the card's figures about length.

    Raises:
        InputError: A file cannot be read, or benchmark, manifest and audit are not about the same pairs.
        SettingError: ``out`` holds files already.
    """
    settings = settings or BenchmarkExportSettings()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SettingError(f"{out} is not empty.", "Name a new folder, so that no file of another version stays in it.")
    facts = Manifest.load(manifest or BenchmarkFiles(benchmark).manifest)
    pairs = [CompiledPair.from_dict(row) for row in read_rows(benchmark, CompiledPair.schema().names)]
    audited = Audit.load(audit) if audit else None
    digest = pairs_digest(BenchmarkPair.from_dict(pair.to_dict()) for pair in pairs)
    for what, told_of in (("manifest", facts), ("audit", audited)):
        if told_of is not None and told_of.digest != digest:
            raise InputError(
                f"The {what} is about other pairs than {benchmark}.", "Give the one that was made with it."
            )
    splits = [split for config in CONFIGS for split in _write(config, pairs, out)]
    full = next(split for split in splits if split.config == "Full")
    licenses = Counter(pair.license for pair in pairs)
    told = BenchmarkExport(
        pairs=len(pairs),
        splits={config: {s.name: s.rows for s in splits if s.config == config} for config in CONFIGS},
        digest=facts.digest,
        sha256=hashlib.sha256(full.path.read_bytes()).hexdigest(),
        licenses=dict(sorted(licenses.items(), key=lambda item: (-item[1], item[0]))),
        share_alike=sorted(name for name in licenses if _SHARE_ALIKE.search(name)),
    )
    write_text(out / "eval.yaml", _eval_yaml(told, settings))
    write_text(out / "README.md", _card(told, splits, pairs, facts, audited, settings))
    return told


def _write(config: str, pairs: Sequence[CompiledPair], out: Path) -> list[_Split]:
    """Write the files of one configuration; a split without rows has none."""
    written = []
    for name in CONFIGS[config]:
        column = _SPLIT_BY[config]
        rows = [pair for pair in pairs if column is None or getattr(pair, column) == name]
        if rows:
            path = out / config / f"{name}-00000-of-00001.parquet"
            count = write_rows(path, rows, schema())
            table = pa.Table.from_pylist([row.to_dict() for row in rows], schema=schema())
            written.append(_Split(config, name, path, count, path.stat().st_size, table.nbytes))
    return written


def _eval_yaml(told: BenchmarkExport, settings: BenchmarkExportSettings) -> str:
    """Return the file that registers the dataset as a benchmark (https://huggingface.co/docs/hub/eval-results)."""
    tasks = [{"id": OVERALL, "config": "Full", "split": "Full"}]
    for config in ("Stratified_Aspect", "Stratified_Language"):
        tasks += [{"id": split, "config": config, "split": split} for split in told.splits[config]]
    values = {
        "name": settings.name,
        "description": (
            f"{told.pairs:,} pairs of answers to one request, of which one is better on a stated criterion. A reward "
            "model scores each answer alone; the metric is the percentage of pairs whose better answer scores higher, "
            "ties counted half."
        ),
        "evaluation_framework": "themis-rm",
        "tasks": tasks,
    }
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100)


def _front_matter(told: BenchmarkExport, splits: Iterable[_Split], settings: BenchmarkExportSettings) -> str:
    from huggingface_hub import DatasetCardData

    configs, infos = [], []
    for config in CONFIGS:
        here = [split for split in splits if split.config == config]
        files = [{"split": split.name, "path": f"{config}/{split.name}-*.parquet"} for split in here]
        configs.append({"config_name": config, **({"default": True} if config == "Full" else {}), "data_files": files})
        infos.append(
            {
                "config_name": config,
                # A list of its own for each, or YAML would write references, which not every reader of cards follows.
                "features": [{"name": field.name, "dtype": str(field.type)} for field in schema()],
                "splits": [{"name": s.name, "num_bytes": s.memory, "num_examples": s.rows} for s in here],
                "download_size": sum(split.size for split in here),
                "dataset_size": sum(split.memory for split in here),
            }
        )
    data = DatasetCardData(
        pretty_name=settings.name,
        license=sorted({hub_license(part) for name in told.licenses for part in license_parts(name)}),
        language=["en", "code"],
        size_categories=[size_category(told.pairs)],
        task_categories=[TASK],
        tags=["code", "reward-model", "preference", "benchmark"],
        configs=configs,
        dataset_info=infos,
    )
    return data.to_yaml()


def license_parts(expression: str) -> list[str]:
    """Return the licenses of an SPDX expression, in order; the empty one gives ``unknown``."""
    return [part for part in _LICENSE.findall(expression) if part not in _JOINS] or ["unknown"]


def _card(
    told: BenchmarkExport,
    splits: Sequence[_Split],
    pairs: Sequence[CompiledPair],
    facts: Manifest,
    audited: Audit | None,
    settings: BenchmarkExportSettings,
) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("themis_rm.report"),
        autoescape=False,  # Markdown, not HTML  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["cell"] = lambda text: " ".join(str(text).replace("|", "\\|").split())
    kept = [entry for entry in facts.sources if entry.kept]
    alike = {name: [entry.title for entry in kept if entry.license == name] for name in told.share_alike}
    return environment.get_template("benchmark_card.md.j2").render(
        front_matter=_front_matter(told, splits, settings),
        settings=settings,
        told=told,
        facts=facts,
        sources=kept,
        share_alike=alike,
        dropped=_dropped(facts),
        prompt_sources=Counter(pair.prompt_source for pair in pairs).most_common(),
        verified=dict(Counter(pair.verified for pair in pairs)),
        verified_by_source=_verified(pairs),
        tasks=len({(pair.source, pair.group or pair.prompt) for pair in pairs}),
        audit=audited,
        criteria=[row for row in CRITERIA if row.benchmark_aspect in facts.coverage],
        languages=[
            row for row in benchmark_languages() if any(row.benchmark_name in c for c in facts.coverage.values())
        ],
        version=themis_rm.__version__,
    )


def _dropped(facts: Manifest) -> list[tuple[str, int]]:
    reasons: Counter[str] = Counter()
    for entry in facts.sources:
        reasons.update(entry.dropped)
    return sorted(reasons.items(), key=lambda item: (-item[1], item[0]))


def _verified(pairs: Iterable[CompiledPair]) -> dict[str, dict[str, Any]]:
    """Return source -> what execution showed -> pairs, for sources of which any pair was executed."""
    counts: dict[str, Counter[str]] = {}
    for pair in pairs:
        counts.setdefault(pair.source, Counter())[pair.verified] += 1
    return {name: dict(found) for name, found in sorted(counts.items()) if set(found) - {"unchecked"}}
