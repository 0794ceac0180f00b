"""Public sources to one frozen benchmark: map, sift, take duplicates out, write with a manifest.

Two passes. The first reads each source as one task of a datatrove stage (so it runs on one machine or on a cluster and
goes on where it was killed) and keeps what is dropped aside by reason. The second goes through the sources from the
largest to the smallest, so that a source that lies inside another one is the one that loses its pairs, and writes the
benchmark in the order of sources and records.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from pydantic import Field

import themis_rm
from themis_rm.benchmark.manifest import Manifest, Nested, SourceEntry
from themis_rm.benchmark.pair_validation import SoundnessSettings, ValidPair, validate_pairs
from themis_rm.benchmark.pairs import pairs_digest
from themis_rm.benchmark.requests import template
from themis_rm.benchmark.sources.source import SOURCES, BenchmarkSource, SourcePair, UnusableRecord
from themis_rm.criteria import criterion
from themis_rm.errors import InputError, SettingError
from themis_rm.execute.check import Check
from themis_rm.judge.endpoint import EndpointSettings
from themis_rm.judge.instructions import Versions, write_instructions
from themis_rm.languages import get_language
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
from themis_rm.records import BenchmarkPair, CompiledPair, Row
from themis_rm.settings import Settings
from themis_rm.storage.digests import file_sha256, stable_id
from themis_rm.storage.parquet import read_rows, write_rows

_WORKING = ("chosen_digest", "rejected_digest", "check", "name", "signature")
_MAPPED = pa.schema([*CompiledPair.schema(), *(pa.field(name, pa.string()) for name in _WORKING)])
"""A row between the two passes: the pair, digests of its answers' tokens, its check as JSON, facts for a request."""


class CompileSettings(Settings):
    """How a benchmark is compiled."""

    only: tuple[str, ...] = ()
    """Names of sources to use; by default all whose folder is there."""
    soundness: SoundnessSettings = SoundnessSettings()
    """Which pairs are fit."""
    writer: EndpointSettings | None = None
    """Chat model that writes the requests of pairs without one; by default they get a template."""
    max_per_source: int | None = Field(default=None, ge=1)
    """Most pairs of one source; which ones depends on their ids alone."""


@dataclass(frozen=True, slots=True)
class Artifacts:
    """Where the files of a compiled benchmark are, all beside one another.

    Attributes:
        pairs: The benchmark, in the columns of :class:`~themis_rm.records.CompiledPair`.
    """

    pairs: Path

    def beside(self, ending: str) -> Path:
        """Return a neighbor: the benchmark's path with another ending."""
        return self.pairs.with_suffix("").with_name(self.pairs.stem + ending)

    @property
    def checks(self) -> Path:
        """How pairs are executed, by pair id."""
        return self.beside(".checks.parquet")

    @property
    def manifest(self) -> Path:
        """What it is made of."""
        return self.beside(".manifest.json")

    @property
    def requests(self) -> Path:
        """What a chat model was asked and answered; kept, so that nothing is asked twice."""
        return self.beside(".requests.jsonl")

    @property
    def dropped(self) -> Path:
        """Folder of what was dropped, by reason."""
        return self.beside(".dropped")

    @property
    def work(self) -> Path:
        """Folder of the first pass, while a compilation is under way."""
        return self.beside(".work")


class SourceReader(PipelineStep):
    """Reads sources through their mappers; task ``rank`` reads the source of that number.

    Args:
        folder: Folder of the sources' folders.
        names: Names of the sources, in the order of ranks.
        settings: See :class:`CompileSettings`.
        dropped: Where rows go that are not fit.
    """

    type = "📖 - READER"
    name = "public source"

    def __init__(self, folder: Path, names: Sequence[str], settings: CompileSettings, dropped: RowWriter) -> None:
        super().__init__()
        self.folder = folder
        self.names = list(names)
        self.settings = settings
        self.dropped = dropped

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Yield a document for every sound pair of the source."""
        read = SOURCES.get(self.names[rank])
        seen: set[str] = set()
        with self.dropped:
            for item in read.read(read.directory_in(self.folder)):
                self.stat_update(READ)
                found = self._sifted(item, seen)
                row = _row(read, item, found)
                seen.add(item.key)
                if isinstance(found, ValidPair):
                    yield to_document(row)
                else:
                    self.stat_update(f"{DROPPED}{found}")
                    row["filter_reason"] = found
                    self.dropped.write(to_document(row), rank)

    def _sifted(self, item: SourcePair | UnusableRecord, seen: set[str]) -> ValidPair | str:
        if isinstance(item, UnusableRecord):
            return item.reason
        return "duplicate-key" if item.key in seen else validate_pairs(item, self.settings.soundness)


def _row(read: BenchmarkSource, item: SourcePair | UnusableRecord, found: ValidPair | str) -> dict[str, Any]:
    if isinstance(item, UnusableRecord):
        empty = dict.fromkeys(BenchmarkPair.required(), "")
        return {**empty, "id": read.pair_id(item.key), "source": read.name, "source_key": item.key}
    compiled = CompiledPair(
        id=read.pair_id(item.key),
        prompt=item.prompt.strip() or (template(item) if isinstance(found, ValidPair) else ""),
        chosen=item.chosen.strip("\n") + "\n",
        rejected=item.rejected.strip("\n") + "\n",
        aspect=criterion(item.criterion).benchmark_aspect,
        language=get_language(item.language).benchmark_name,
        subset=item.subset or read.subset,
        source=read.name,
        source_key=item.key,
        group=item.group,
        prompt_source=item.prompt_source if item.prompt.strip() else "template",
        rule=item.rule,
        license=read.license,
    ).to_dict()
    if isinstance(found, ValidPair):
        compiled |= {"chosen_digest": stable_id(*found.chosen), "rejected_digest": stable_id(*found.rejected)}
        check = Check.from_dict({**item.check.to_dict(), "id": compiled["id"]}) if item.check else None
        compiled["check"] = json.dumps(check.to_dict(), ensure_ascii=False) if check else None
        compiled |= {"name": item.name, "signature": item.signature}
    return compiled


def compile_benchmark(
    folder: Path, out: Path, settings: CompileSettings | None = None, executor: ExecutorSettings | None = None
) -> Manifest:
    """Compile the sources below a folder into one benchmark.

    Writes the Parquet file and, beside it under the same stem, ``.checks.parquet`` (how pairs are executed),
    ``.manifest.json`` and ``.dropped/`` (what was left out, by reason). A job that was killed goes on with the sources
    that it had not finished; the same input and settings give the same bytes.

    Args:
        folder: Holds one folder a source.
        out: The Parquet file to write.
        settings: See :class:`CompileSettings`.
        executor: Where and how widely the sources are read.

    Raises:
        InputError: The folder holds no known source, or a source's files are damaged.
        SettingError: A name is no source, or ``out`` is no ``.parquet`` file.
    """
    settings, executor = settings or CompileSettings(), executor or ExecutorSettings()
    files = Artifacts(out)
    if out.suffix != ".parquet":
        raise SettingError(f"{out} is no .parquet file.", "Name one, such as benchmark.parquet.")
    used = _present(folder, settings.only)
    digests = {name: folder_digest(SOURCES.get(name).directory_in(folder)) for name in used}
    mapping = settings.model_copy(update={"writer": None, "max_per_source": None})
    key = stable_id(mapping.canonical(), themis_rm.__version__, json.dumps(digests))
    work = files.work / key
    if files.work.is_dir():
        for stale in files.work.iterdir():
            if stale != work:
                shutil.rmtree(stale)
    aside = exclusion_writer(work / "dropped", CompiledPair.schema(), "sources")
    steps: list[PipelineStep] = [SourceReader(folder, used, settings, aside), RowWriter(work / "mapped", _MAPPED)]
    run_steps("compile", steps, work, len(used), executor)
    # A source without a sound pair leaves no file.
    mapped = {name: [*(work / "mapped").glob(f"{rank:05d}.parquet")] for rank, name in enumerate(used)}
    logs = work / "logs" / "compile"
    counted = {name: read_counts(name, logs, rank) for rank, name in enumerate(used)}
    manifest = _assembled(folder, files, mapped, counted, digests, settings)
    if files.dropped.is_dir():
        shutil.rmtree(files.dropped)
    if (work / "dropped").is_dir():
        (work / "dropped").replace(files.dropped)
    manifest.save(files.manifest)
    shutil.rmtree(files.work)
    return manifest


def _present(folder: Path, only: Iterable[str]) -> list[str]:
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.", "Give the folder that holds one folder a source.")
    wanted = [SOURCES.get(name) for name in sorted(only)] or list(SOURCES)
    there = [item.name for item in wanted if item.directory_in(folder).is_dir()]
    if only and len(there) < len(wanted):
        missing = next(item for item in wanted if item.name not in there)
        raise InputError(f"{missing.directory_in(folder)} is not there.", f"Fetch {missing.upstream} into it.")
    if not there:
        raise InputError(
            f"{folder} holds no folder of a known source.", "themis-rm benchmark sources lists their names."
        )
    return there


def folder_digest(folder: Path) -> str:
    """Return a hash of the names and contents of all files below a folder."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\x00{path.stat().st_size}\x00".encode("utf-8", "replace"))
        with path.open("rb") as handle:
            while block := handle.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


@dataclass
class _Kept:
    """What stays, while duplicates are taken out.

    Attributes:
        ids: Ids of pairs that stay, by source.
        dropped: Reason -> pairs, by source.
        lost: Source -> source that has the pair -> pairs.
    """

    ids: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    dropped: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    lost: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def _without_duplicates(mapped: Mapping[str, Sequence[Path]], most: int | None) -> _Kept:
    """Decide which pairs stay: of equal ones the first of the largest source; of contradicting ones none.

    Two pairs are equal if they are about one criterion and their answers have the same tokens, comments left out.
    """
    columns = ("id", "aspect", "chosen_digest", "rejected_digest", "chosen", "rejected")
    signed: dict[str, list[tuple[str, str, str]]] = {}
    for name, paths in mapped.items():
        signed[name] = []
        for row in (row for path in paths for row in read_rows(path, columns)):
            # Pairs about layout have equal tokens on both sides; there the texts tell pairs apart.
            sides = [row["chosen_digest"], row["rejected_digest"]]
            if sides[0] == sides[1]:
                sides = [stable_id(row["chosen"]), stable_id(row["rejected"])]
            forth, back = (stable_id(row["aspect"], *order) for order in (sides, sides[::-1]))
            signed[name].append((row["id"], forth, back))
    owners: dict[str, str] = {}
    kept = _Kept()
    known = {forth for rows in signed.values() for _, forth, _ in rows}
    for name in sorted(signed, key=lambda name: (-len(signed[name]), name)):
        rows = signed[name]
        for pair_id, forth, back in rows:
            if back in known:
                kept.dropped[name]["contradicted"] += 1
            elif forth in owners:
                other = owners[forth]
                kept.dropped[name]["duplicate" if other == name else "in-another-source"] += 1
                kept.lost[name][other] += other != name
            else:
                owners[forth] = name
                kept.ids[name].add(pair_id)
        if most is not None and len(kept.ids[name]) > most:
            chosen = sorted(kept.ids[name], key=stable_id)[:most]
            kept.dropped[name]["beyond-max-per-source"] += len(kept.ids[name]) - most
            kept.ids[name] = set(chosen)
    return kept


def _assembled(
    folder: Path,
    files: Artifacts,
    mapped: Mapping[str, Sequence[Path]],
    counted: Mapping[str, StageReport],
    digests: Mapping[str, str],
    settings: CompileSettings,
) -> Manifest:
    kept = _without_duplicates(mapped, settings.max_per_source)
    rows = _Rows(mapped, kept.ids)
    if settings.writer is not None:
        rows.generate_prompts(settings.writer, files.requests)
    pairs = write_rows(files.pairs, rows.pairs(), CompiledPair.schema())
    if not pairs:
        files.pairs.unlink()
        reasons = sum((Counter(report.dropped) for report in counted.values()), Counter[str]())
        raise InputError(f"No pair of the sources in {folder} is usable.", f"Reasons: {dict(reasons)}.")
    checks = write_rows(files.checks, rows.checks(), Check.schema())
    entries = [
        SourceEntry.of(
            SOURCES.get(name),
            input_digest=digests[name],
            records=counted[name].read,
            kept=len(kept.ids[name]),
            dropped=dict(sorted((Counter(counted[name].dropped) + kept.dropped[name]).items())),
        )
        for name in mapped
    ]
    sound = {entry.name: entry.kept + sum(kept.dropped[entry.name].values()) for entry in entries}
    folders = {item.directory or item.name for item in SOURCES}
    return Manifest(
        pairs=pairs,
        sha256=file_sha256(files.pairs),
        digest=pairs_digest(BenchmarkPair.from_dict(row) for row in read_rows(files.pairs)),
        version=themis_rm.__version__,
        sources=entries,
        absent=[name for name in SOURCES.names() if name not in mapped],
        unknown=sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name not in folders),
        nested=[
            Nested(source=name, inside=other, pairs=count, share=round(count / sound[name], 4))
            for name, lost in sorted(kept.lost.items())
            for other, count in sorted(lost.items())
            if count
        ],
        coverage={aspect: dict(sorted(cells.items())) for aspect, cells in sorted(rows.coverage.items())},
        prompt_sources=dict(sorted(rows.prompt_sources.items())),
        unwritten=dict(sorted(rows.unwritten.items())),
        checks=checks,
        settings=settings.model_dump(mode="json"),
    )


class _Rows:
    """Reads the kept rows of all sources again, in order, and counts them on the way.

    Args:
        mapped: Source -> rows of the first pass.
        ids: Source -> ids that stay.
    """

    def __init__(self, mapped: Mapping[str, Sequence[Path]], ids: Mapping[str, set[str]]) -> None:
        self.mapped = mapped
        self.ids = ids
        self.coverage: dict[str, Counter[str]] = defaultdict(Counter)
        self.prompt_sources: Counter[str] = Counter()
        self.written: dict[str, str] = {}
        self.unwritten: Counter[str] = Counter()

    def generate_prompts(self, settings: EndpointSettings, memory: Path) -> None:
        """Have a chat model write the requests of pairs that have a template; where it fails the template stays."""
        for item in write_instructions(map(_versions, filter(_templated, self._kept())), settings, memory):
            if item.failure:
                self.unwritten[item.failure] += 1
            else:
                self.written[item.id] = item.text

    def pairs(self) -> Iterator[CompiledPair]:
        """Yield the pairs; the counts are whole when it ends."""
        for row in self._kept():
            if row["id"] in self.written:
                row |= {"prompt": self.written[row["id"]], "prompt_source": "llm"}
            pair = CompiledPair.from_dict(row)
            self.coverage[pair.aspect][pair.language] += 1
            self.prompt_sources[pair.prompt_source] += 1
            yield pair

    def checks(self) -> Iterator[Row]:
        """Yield how the pairs are executed, where they can be."""
        for row in self._kept():
            if row["check"]:
                yield Check.from_dict(json.loads(row["check"]))

    def _kept(self) -> Iterator[dict[str, Any]]:
        for name, paths in self.mapped.items():
            for row in (row for path in paths for row in read_rows(path)):
                if row["id"] in self.ids[name]:
                    yield row


def _templated(row: Mapping[str, Any]) -> bool:
    return row["prompt_source"] == "template"


def _versions(row: Mapping[str, Any]) -> Versions:
    facts = ", ".join(f"it defines {row[name]}" for name in ("signature", "name") if row[name])
    return Versions(row["id"], row["chosen"], row["rejected"], get_language(row["language"]).name, facts)
