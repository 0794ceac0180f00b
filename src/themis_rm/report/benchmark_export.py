"""Export a compiled benchmark as a hub dataset: Parquet in the published layout, a dataset card, ``eval.yaml``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

import themis_rm
from themis_rm.benchmark.audit.run import Audit
from themis_rm.benchmark.files import BenchmarkFiles
from themis_rm.benchmark.manifest import Manifest
from themis_rm.benchmark.pairs import pairs_digest
from themis_rm.benchmark.sources.coderewardbench import CONFIGS
from themis_rm.criteria import CRITERIA
from themis_rm.dataset.hub import RANKING_TASK, hub_license, size_category
from themis_rm.errors import InputError, SettingError
from themis_rm.languages import benchmark_languages
from themis_rm.markdown import markdown_environment
from themis_rm.records import BenchmarkPair, CompiledPair
from themis_rm.report.hub_export import OVERALL
from themis_rm.results import ResultPart, TableView
from themis_rm.settings import Settings
from themis_rm.storage.atomic import write_text
from themis_rm.storage.digests import file_sha256
from themis_rm.storage.locks import LOCK_FILE
from themis_rm.storage.parquet import read_rows, write_rows

FEATURES = ("prompt", "chosen", "rejected", "language", "aspect", "subset", "id")
"""Published columns, in the order of the published files."""
_SPLIT_BY = {"Full": None, "Stratified_Aspect": "aspect", "Stratified_Language": "language"}
_SHARE_ALIKE = re.compile(r"(?i)\b(CC-BY-(?:NC-)?SA|A?GPL|LGPL|MPL|EPL|EUPL|CDDL|ODbL|CDLA-Sharing)\b[\w.-]*")
_LICENSE = re.compile(r"[A-Za-z][\w.+-]*")
_JOINS = frozenset({"AND", "OR", "WITH"})


class BenchmarkExportSettings(Settings):
    """What the dataset card says in addition to the facts of the benchmark."""

    name: str = "CodeRewardBench (compiled)"
    """Title of the dataset."""
    repository: str = ""
    """Its hub repository (``owner/name``), for the examples in the card."""
    note: str = ""
    """A short note at the top of the card."""


class BenchmarkExport(TableView, ResultPart):
    """Result of exporting a benchmark."""

    pairs: int
    """Number of pairs of each configuration."""
    splits: dict[str, dict[str, int]]
    """Configuration -> split -> pairs."""
    digest: str
    """Hash of the pairs, the same as in results."""
    sha256: str
    """SHA-256 of the ``Full`` file."""
    licenses: dict[str, int]
    """SPDX expression -> pairs."""
    share_alike: list[str]
    """Licenses that require derived data to be shared under the same terms."""

    def records(self) -> list[dict[str, Any]]:
        """Return one row per configuration and split."""
        return [
            {"config": config, "split": split, "n": n}
            for config, splits in self.splits.items()
            for split, n in splits.items()
        ]

    def summary(self) -> str:
        """Return the numbers of pairs and configurations in one line."""
        return f"{self.pairs:,} pairs in {len(self.splits)} configurations, digest {self.digest}"


@dataclass(frozen=True, slots=True)
class _Split:
    config: str
    name: str
    path: Path
    rows: int
    size: int
    memory: int


def schema() -> pa.Schema:
    """Return the schema of the files: published columns first, then the origin of a pair."""
    known = CompiledPair.schema()
    names = [*FEATURES, *(name for name in known.names if name not in FEATURES)]
    return pa.schema([known.field(name).with_nullable(True) for name in names])


def export_benchmark(
    benchmark: str | Path,
    out: str | Path,
    settings: BenchmarkExportSettings | None = None,
    manifest: str | Path | None = None,
    audit: str | Path | None = None,
) -> BenchmarkExport:
    """Write a dataset directory that ``datasets.load_dataset`` reads and the hub displays.

    Args:
        benchmark: A compiled benchmark, verified or not.
        out: Output directory, new or empty.
        settings: See :class:`BenchmarkExportSettings`.
        manifest: The benchmark's manifest; by default the file written with it.
        audit: An ``audit.json`` of the same pairs, for the length statistics in the card.

    Raises:
        InputError: A file cannot be read, or benchmark, manifest and audit are not about the same pairs.
        SettingError: ``out`` is not empty.
    """
    settings, benchmark, out = settings or BenchmarkExportSettings(), Path(benchmark), Path(out)
    if out.exists() and (not out.is_dir() or any(path.name != LOCK_FILE for path in out.iterdir())):
        raise SettingError(f"{out} is not empty.", "Give a new directory, so that no file of another version remains.")
    facts = Manifest.load(manifest or BenchmarkFiles(benchmark).manifest)
    pairs = [CompiledPair.from_dict(row) for row in read_rows(benchmark, CompiledPair.schema().names)]
    audited = Audit.load(audit) if audit else None
    digest = pairs_digest(BenchmarkPair.from_dict(pair.to_dict()) for pair in pairs)
    for name, document in (("manifest", facts), ("audit", audited)):
        if document is not None and document.digest != digest:
            raise InputError(
                f"The {name} is about other pairs than {benchmark}.", f"Give the {name} that was made from this file."
            )
    splits = [split for config in CONFIGS for split in _write_splits(config, pairs, out)]
    full = next(split for split in splits if split.config == "Full")
    licenses = Counter(pair.license for pair in pairs)
    export = BenchmarkExport(
        pairs=len(pairs),
        splits={config: {s.name: s.rows for s in splits if s.config == config} for config in CONFIGS},
        digest=facts.digest,
        sha256=file_sha256(full.path),
        licenses=dict(sorted(licenses.items(), key=lambda item: (-item[1], item[0]))),
        share_alike=sorted(name for name in licenses if _SHARE_ALIKE.search(name)),
    )
    write_text(out / "eval.yaml", _render_eval_yaml(export, settings))
    write_text(out / "README.md", _render_card(export, splits, pairs, facts, audited, settings))
    return export


def _write_splits(config: str, pairs: Sequence[CompiledPair], out: Path) -> list[_Split]:
    """Write the files of one configuration; splits without rows are omitted."""
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


def _render_eval_yaml(export: BenchmarkExport, settings: BenchmarkExportSettings) -> str:
    """Return the file that registers the dataset as a benchmark (https://huggingface.co/docs/hub/eval-results)."""
    tasks = [{"id": OVERALL, "config": "Full", "split": "Full"}]
    for config in ("Stratified_Aspect", "Stratified_Language"):
        tasks += [{"id": split, "config": config, "split": split} for split in export.splits[config]]
    values = {
        "name": settings.name,
        "description": (
            f"{export.pairs:,} pairs of responses to one prompt, one of which is better on a given criterion. A "
            "reward model scores each response separately; the metric is the percentage of pairs whose better response "
            "scores higher, a tie counting half."
        ),
        "evaluation_framework": "themis-rm",
        "tasks": tasks,
    }
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100)


def _front_matter(export: BenchmarkExport, splits: Iterable[_Split], settings: BenchmarkExportSettings) -> str:
    from huggingface_hub import DatasetCardData

    configs, infos = [], []
    for config in CONFIGS:
        parts = [split for split in splits if split.config == config]
        files = [{"split": split.name, "path": f"{config}/{split.name}-*.parquet"} for split in parts]
        configs.append({"config_name": config, **({"default": True} if config == "Full" else {}), "data_files": files})
        infos.append(
            {
                "config_name": config,
                # A new list each time: YAML writes a shared list as references, which not every reader supports.
                "features": [{"name": field.name, "dtype": str(field.type)} for field in schema()],
                "splits": [{"name": s.name, "num_bytes": s.memory, "num_examples": s.rows} for s in parts],
                "download_size": sum(split.size for split in parts),
                "dataset_size": sum(split.memory for split in parts),
            }
        )
    data = DatasetCardData(
        pretty_name=settings.name,
        license=sorted({hub_license(part) for name in export.licenses for part in license_parts(name)}),
        language=["en", "code"],
        size_categories=[size_category(export.pairs)],
        task_categories=[RANKING_TASK],
        tags=["code", "reward-model", "preference", "benchmark"],
        configs=configs,
        dataset_info=infos,
    )
    return data.to_yaml()


def license_parts(expression: str) -> list[str]:
    """Return the licenses of an SPDX expression in order, ``unknown`` for an empty one."""
    return [part for part in _LICENSE.findall(expression) if part not in _JOINS] or ["unknown"]


def _render_card(
    export: BenchmarkExport,
    splits: Sequence[_Split],
    pairs: Sequence[CompiledPair],
    facts: Manifest,
    audited: Audit | None,
    settings: BenchmarkExportSettings,
) -> str:
    kept = [entry for entry in facts.sources if entry.kept]
    share_alike = {name: [entry.title for entry in kept if entry.license == name] for name in export.share_alike}
    template = markdown_environment("themis_rm.report", "templates").get_template("benchmark_card.md.j2")
    return template.render(
        front_matter=_front_matter(export, splits, settings),
        settings=settings,
        export=export,
        facts=facts,
        sources=kept,
        share_alike=share_alike,
        dropped=_count_dropped(facts),
        prompt_sources=Counter(pair.prompt_source for pair in pairs).most_common(),
        verified=dict(Counter(pair.verified for pair in pairs)),
        verified_by_source=_count_verified(pairs),
        tasks=len({(pair.source, pair.group or pair.prompt) for pair in pairs}),
        audit=audited,
        criteria=[row for row in CRITERIA if row.benchmark_aspect in facts.coverage],
        languages=[
            row for row in benchmark_languages() if any(row.benchmark_name in c for c in facts.coverage.values())
        ],
        version=themis_rm.__version__,
    )


def _count_dropped(facts: Manifest) -> list[tuple[str, int]]:
    reasons: Counter[str] = Counter()
    for entry in facts.sources:
        reasons.update(entry.dropped)
    return sorted(reasons.items(), key=lambda item: (-item[1], item[0]))


def _count_verified(pairs: Iterable[CompiledPair]) -> dict[str, dict[str, Any]]:
    """Return source -> result of execution -> pairs, for sources with an executed pair."""
    counts: dict[str, Counter[str]] = {}
    for pair in pairs:
        counts.setdefault(pair.source, Counter())[pair.verified] += 1
    return {name: dict(results) for name, results in sorted(counts.items()) if set(results) - {"unchecked"}}
