"""Compilation of public sources into one frozen benchmark: map, validate, deduplicate, write with a manifest.

The first pass reads each source as one task of a datatrove stage, which runs on one machine or on a cluster, resumes
after an interruption, and writes dropped records by reason. The second pass removes duplicates and writes the benchmark
in the order of sources and records.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from pydantic import Field

import themis_rm
from themis_rm.benchmark.deduplication import Deduplication, deduplicate
from themis_rm.benchmark.files import BenchmarkFiles
from themis_rm.benchmark.manifest import Manifest, NestedSource, SourceEntry
from themis_rm.benchmark.pair_validation import ValidationSettings, ValidPair, validate_pair
from themis_rm.benchmark.pairs import pairs_digest
from themis_rm.benchmark.prompt_templates import template_prompt
from themis_rm.benchmark.sources.source import SOURCES, BenchmarkSource, SourcePair, UnusableRecord
from themis_rm.criteria import criterion
from themis_rm.endpoints.settings import ChatSettings
from themis_rm.errors import InputError, SettingError
from themis_rm.execute.check import Check
from themis_rm.judge.instructions import CodeVersions, write_instructions
from themis_rm.languages import get_benchmark_language, get_language
from themis_rm.pipeline import (
    DROPPED,
    READ,
    ExecutorSettings,
    RowWriter,
    StageReport,
    exclusion_writer,
    read_counts,
    run_steps,
    to_document,
)
from themis_rm.records import BenchmarkPair, CompiledPair
from themis_rm.settings import Settings
from themis_rm.storage.atomic import remove
from themis_rm.storage.digests import file_sha256, files_sha256, stable_id
from themis_rm.storage.output_dir import prepare_output_dir
from themis_rm.storage.parquet import read_rows, write_rows

_INTERMEDIATE_COLUMNS = ("chosen_digest", "rejected_digest", "check", "name", "signature")
_MAPPED_SCHEMA = pa.schema([*CompiledPair.schema(), *(pa.field(name, pa.string()) for name in _INTERMEDIATE_COLUMNS)])
"""Rows between the two passes: the pair, digests of its code tokens, its check as JSON, facts for a prompt."""


class CompileSettings(Settings):
    """How a benchmark is compiled."""

    only: tuple[str, ...] = ()
    """Names of the sources to use; by default all that have a directory."""
    validation: ValidationSettings = ValidationSettings()
    """Which pairs are valid."""
    prompt_writer: ChatSettings | None = None
    """Chat model that generates prompts for pairs without one; by default they get a template."""
    max_pairs_per_source: int | None = Field(default=None, ge=1)
    """Maximum number of pairs per source; the selection depends on ids only."""


class SourceReader(PipelineStep):
    """Reads sources with their mappers; task ``rank`` reads the source with that index.

    Args:
        directory: Directory with one subdirectory per source.
        names: Names of the sources, in the order of ranks.
        settings: See :class:`CompileSettings`.
        exclusions: Writer of dropped records.
    """

    type = "📖 - READER"
    name = "public source"

    def __init__(self, directory: Path, names: Sequence[str], settings: CompileSettings, exclusions: RowWriter) -> None:
        super().__init__()
        self.directory = directory
        self.names = list(names)
        self.settings = settings
        self.exclusions = exclusions

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Yield a document for every valid pair of the source."""
        source = SOURCES.get(self.names[rank])
        seen: set[str] = set()
        with self.exclusions:
            for record in source.read(source.directory_in(self.directory)):
                self.stat_update(READ)
                outcome = self._validate(record, seen)
                row = _row(source, record, outcome)
                seen.add(record.key)
                if isinstance(outcome, ValidPair):
                    yield to_document(row)
                else:
                    self.stat_update(f"{DROPPED}{outcome}")
                    row["filter_reason"] = outcome
                    self.exclusions.write(to_document(row), rank)

    def _validate(self, record: SourcePair | UnusableRecord, seen: set[str]) -> ValidPair | str:
        if isinstance(record, UnusableRecord):
            return record.reason
        return "duplicate-key" if record.key in seen else validate_pair(record, self.settings.validation)


def _row(source: BenchmarkSource, record: SourcePair | UnusableRecord, outcome: ValidPair | str) -> dict[str, Any]:
    if isinstance(record, UnusableRecord):
        empty = dict.fromkeys(BenchmarkPair.required(), "")
        return {**empty, "id": source.pair_id(record.key), "source": source.name, "source_key": record.key}
    row = CompiledPair(
        id=source.pair_id(record.key),
        prompt=record.prompt.strip() or (template_prompt(record) if isinstance(outcome, ValidPair) else ""),
        chosen=record.chosen.strip("\n") + "\n",
        rejected=record.rejected.strip("\n") + "\n",
        aspect=criterion(record.criterion).benchmark_aspect,
        language=get_benchmark_language(record.language).benchmark_name,
        subset=record.subset or source.subset,
        source=source.name,
        source_key=record.key,
        group=record.group,
        prompt_source=record.prompt_source if record.prompt.strip() else "template",
        rule=record.rule,
        license=source.license,
    ).to_dict()
    if isinstance(outcome, ValidPair):
        row |= {"chosen_digest": stable_id(*outcome.chosen), "rejected_digest": stable_id(*outcome.rejected)}
        row |= {"name": record.name, "signature": record.signature, "check": _check_json(row["id"], record.check)}
    return row


def _check_json(pair_id: str, check: Check | None) -> str | None:
    return json.dumps({**check.to_dict(), "id": pair_id}, ensure_ascii=False) if check else None


def compile_benchmark(
    sources: str | Path,
    out: str | Path,
    settings: CompileSettings | None = None,
    executor: ExecutorSettings | None = None,
) -> Manifest:
    """Compile the sources below a directory into one benchmark.

    Writes the Parquet file and, next to it under the same stem, ``.checks.parquet`` (how pairs are executed),
    ``.manifest.json`` and ``.dropped/`` (dropped records by reason). An interrupted job resumes with the unfinished
    sources. The same input and settings give the same bytes.

    Args:
        sources: Directory with one subdirectory per source.
        out: The Parquet file to write.
        settings: See :class:`CompileSettings`.
        executor: Where the sources are read, and by how many workers.

    Raises:
        InputError: The directory contains no known source, or a source's files are damaged.
        SettingError: A name is not a source, or ``out`` is not a ``.parquet`` file.
    """
    settings, executor = settings or CompileSettings(), executor or ExecutorSettings()
    directory, files = Path(sources), BenchmarkFiles(Path(out))
    if files.pairs.suffix != ".parquet":
        raise SettingError(f"{out} is not a .parquet file.", "Set a path such as benchmark.parquet.")
    names = _available_sources(directory, settings.only)
    digests = {name: directory_digest(SOURCES.get(name).directory_in(directory)) for name in names}
    prepare_output_dir(
        files.work, "compile", _fingerprint(settings, digests), outputs=("mapped", "dropped", "logs"), replace=True
    )
    exclusions = exclusion_writer(files.work / "dropped", CompiledPair.schema(), "sources")
    steps: list[PipelineStep] = [
        SourceReader(directory, names, settings, exclusions),
        RowWriter(files.work / "mapped", _MAPPED_SCHEMA),
    ]
    run_steps("compile", steps, files.work, len(names), executor)
    # A source without a valid pair has no file.
    mapped = {name: [*(files.work / "mapped").glob(f"{rank:05d}.parquet")] for rank, name in enumerate(names)}
    logs = files.work / "logs" / "compile"
    counts = {name: read_counts(name, logs, rank) for rank, name in enumerate(names)}
    manifest = _write_benchmark(directory, files, mapped, counts, digests, settings)
    remove(files.dropped)
    if (files.work / "dropped").is_dir():
        (files.work / "dropped").replace(files.dropped)
    manifest.save(files.manifest)
    remove(files.work)
    return manifest


def _available_sources(directory: Path, only: Iterable[str]) -> list[str]:
    if not directory.is_dir():
        raise InputError(f"There is no directory {directory}.", "Set a directory with one subdirectory per source.")
    requested = [SOURCES.get(name) for name in sorted(only)] or list(SOURCES)
    available = [source.name for source in requested if source.directory_in(directory).is_dir()]
    if only and len(available) < len(requested):
        missing = next(source for source in requested if source.name not in available)
        raise InputError(
            f"{missing.directory_in(directory)} does not exist.", f"Download {missing.upstream} to this path."
        )
    if not available:
        raise InputError(
            f"{directory} contains no directory of a known source.",
            "Run 'themis-rm benchmark sources' for the list of names.",
        )
    return available


def directory_digest(directory: Path) -> str:
    """Return a SHA-256 over the names and contents of all files below a directory."""
    return files_sha256((path for path in directory.rglob("*") if path.is_file()), directory)


def _fingerprint(settings: CompileSettings, digests: Mapping[str, str]) -> str:
    """Return everything that the first pass depends on."""
    mapping = settings.model_copy(update={"prompt_writer": None, "max_pairs_per_source": None})
    return json.dumps([mapping.canonical(), themis_rm.__version__, digests])


def _write_benchmark(
    directory: Path,
    files: BenchmarkFiles,
    mapped: Mapping[str, Sequence[Path]],
    counts: Mapping[str, StageReport],
    digests: Mapping[str, str],
    settings: CompileSettings,
) -> Manifest:
    kept = deduplicate(mapped, settings.max_pairs_per_source)
    if not any(kept.ids.values()):
        reasons = sum((Counter(report.dropped) for report in counts.values()), Counter[str]())
        raise InputError(
            f"No pair of the sources in {directory} is usable.", f"Reasons: {dict(reasons) or 'none, they are empty'}."
        )
    rows = _KeptRows(mapped, kept.ids)
    if settings.prompt_writer is not None:
        rows.generate_prompts(settings.prompt_writer, files.prompt_cache)
    pairs = write_rows(files.pairs, rows.pairs(), CompiledPair.schema())
    checks = write_rows(files.checks, rows.checks(), Check.schema())
    entries = [
        SourceEntry.of(
            SOURCES.get(name),
            input_digest=digests[name],
            records=counts[name].read,
            kept=len(kept.ids[name]),
            dropped=dict(sorted((Counter(counts[name].dropped) + kept.dropped[name]).items())),
        )
        for name in mapped
    ]
    source_directories = {source.directory or source.name for source in SOURCES}
    return Manifest(
        pairs=pairs,
        sha256=file_sha256(files.pairs),
        digest=pairs_digest(BenchmarkPair.from_dict(row) for row in read_rows(files.pairs)),
        version=themis_rm.__version__,
        sources=entries,
        missing_sources=[name for name in SOURCES.names() if name not in mapped],
        unknown_directories=sorted(
            path.name for path in directory.iterdir() if path.is_dir() and path.name not in source_directories
        ),
        nested=_nested_sources(kept),
        coverage={aspect: dict(sorted(cells.items())) for aspect, cells in sorted(rows.coverage.items())},
        prompt_sources=dict(sorted(rows.prompt_sources.items())),
        prompt_failures=dict(sorted(rows.prompt_failures.items())),
        checks=checks,
        settings=settings.model_dump(mode="json"),
    )


def _nested_sources(kept: Deduplication) -> list[NestedSource]:
    valid = {name: len(ids) + sum(kept.dropped[name].values()) for name, ids in kept.ids.items()}
    return [
        NestedSource(source=name, inside=other, pairs=count, share=round(count / valid[name], 4))
        for name, owners in sorted(kept.nested.items())
        for other, count in sorted(owners.items())
    ]


class _KeptRows:
    """Reads the kept rows of all sources again, in order, and counts them.

    Args:
        mapped: Source -> Parquet files of the first pass.
        ids: Source -> ids of the pairs to keep.
    """

    def __init__(self, mapped: Mapping[str, Sequence[Path]], ids: Mapping[str, set[str]]) -> None:
        self.mapped = mapped
        self.ids = ids
        self.coverage: dict[str, Counter[str]] = defaultdict(Counter)
        self.prompt_sources: Counter[str] = Counter()
        self.prompts: dict[str, str] = {}
        self.prompt_failures: Counter[str] = Counter()

    def generate_prompts(self, settings: ChatSettings, cache: Path) -> None:
        """Generate prompts for pairs with a template by a chat model; pairs for which it fails keep the template."""
        templates = (row for row in self._rows() if row["prompt_source"] == "template")
        for item in write_instructions(map(_versions, templates), settings, cache):
            if item.failure:
                self.prompt_failures[item.failure] += 1
            else:
                self.prompts[item.id] = item.text

    def pairs(self) -> Iterator[CompiledPair]:
        """Yield the pairs; the counts are complete at the end."""
        for row in self._rows():
            if row["id"] in self.prompts:
                row |= {"prompt": self.prompts[row["id"]], "prompt_source": "llm"}
            pair = CompiledPair.from_dict(row)
            self.coverage[pair.aspect][pair.language] += 1
            self.prompt_sources[pair.prompt_source] += 1
            yield pair

    def checks(self) -> Iterator[Check]:
        """Yield the checks of the pairs that have one."""
        for row in self._rows():
            if row["check"]:
                yield Check.from_dict(json.loads(row["check"]))

    def _rows(self) -> Iterator[dict[str, Any]]:
        for name, paths in self.mapped.items():
            for row in (row for path in paths for row in read_rows(path)):
                if row["id"] in self.ids[name]:
                    yield row


def _versions(row: Mapping[str, Any]) -> CodeVersions:
    facts = ", ".join(f"it defines {row[name]}" for name in ("signature", "name") if row[name])
    return CodeVersions(row["id"], row["chosen"], row["rejected"], get_language(row["language"]).name, facts)
