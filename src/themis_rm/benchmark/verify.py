"""Labels checked by execution: both answers of a pair run against the pair's tests, and what that says of the label.

A label that tells two answers apart agrees with its tests if the chosen answer passes them and the rejected one does
not. Where tests see correctness alone and the criterion is another one, a valid pair passes with both answers
(:data:`~themis_rm.execute.check.BOTH_PASS`).
"""

from __future__ import annotations

import json
import math
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from themis_rm.benchmark.authored import load_authored_checks, load_authored_pairs
from themis_rm.benchmark.compile import Artifacts
from themis_rm.benchmark.manifest import Manifest
from themis_rm.benchmark.pairs import AGREES, AUTHORED, DISAGREES, UNCHECKED
from themis_rm.errors import InputError, SettingError, UserError, did_you_mean
from themis_rm.execute.check import BOTH_PASS, DISTINGUISHES, Check
from themis_rm.execute.runner import (
    COMPILE_ERROR,
    NO_TOOLCHAIN,
    PASSED,
    TIMEOUT,
    CheckOutcome,
    run_check,
    validate_check,
)
from themis_rm.execute.sandbox import isolation
from themis_rm.execute.toolchains import InstalledToolchain, find_toolchain
from themis_rm.languages import benchmark_languages, get_language
from themis_rm.pipeline import ExecutorSettings
from themis_rm.progress import status_spinner
from themis_rm.records import BenchmarkPair, Row
from themis_rm.settings import Settings
from themis_rm.storage.atomic import write_text
from themis_rm.storage.digests import file_sha256, stable_id
from themis_rm.storage.jsonl_cache import JsonlCache
from themis_rm.storage.parquet import open_parquet, read_rows, write_rows

_SIDES = ("chosen", "rejected")


class VerifySettings(Settings):
    """Which pairs are executed, and how."""

    workers: int = Field(default=ExecutorSettings().workers, ge=1)
    """Pairs executed at the same time."""
    languages: tuple[str, ...] = ()
    """Languages to execute; by default all whose toolchain is there."""
    sources: tuple[str, ...] = ()
    """Sources to execute; by default all."""
    limit: int | None = Field(default=None, ge=1)
    """Most pairs of one source; which ones depends on their ids alone."""
    seconds_factor: float = Field(default=1.0, gt=0)
    """What the limits of time are multiplied by, for a slow machine."""
    retry_factor: float = Field(default=3.0, ge=1)
    """An answer that ran out of time is run once more, alone, with its limit multiplied by this too."""
    without_namespaces: bool = False
    """Execute even where the kernel gives no namespaces, so that programs reach this machine's files and network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedPair(Row):
    """A row of ``verdicts.parquet``.

    Attributes:
        chosen_state: State of the chosen answer (:mod:`themis_rm.execute.runner`); empty if it was not executed.
        rejected_state: State of the rejected answer, likewise.
        agrees: Whether execution agrees with the label; ``None`` where it could not be told.
        reason: Why it could not: ``no-check``, ``not-selected``, ``bad-check``, ``no-toolchain`` or ``timeout``.
        note: What was seen, for people.
    """

    id: str
    source: str
    language: str
    expects: str
    chosen_state: str
    rejected_state: str
    agrees: bool | None
    reason: str
    note: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far execution agrees with the labels of one source.

    Attributes:
        source: Its name; ``all`` for all of them.
        pairs: Its pairs.
        checked: Those that were executed with a result.
        agree: Those whose label agrees.
        chosen_fails: Those whose chosen answer does not pass.
        rejected_passes: Those whose tests should tell the answers apart, and whose rejected answer passes.
        rejected_fails: Those whose answers should both pass, and whose rejected one does not.
        both_pass: Those whose tests should tell the answers apart, and pass with both.
        rejected_uncompiled: Those whose rejected answer does not compile: they agree, and a test had no part in it.
        not_run: Reason -> pairs without a result.
        low: Lower end of the 95 % interval of the share that agrees; ``None`` where nothing was checked.
        high: Upper end.
    """

    source: str
    pairs: int
    checked: int
    agree: int
    chosen_fails: int
    rejected_passes: int
    rejected_fails: int
    both_pass: int
    rejected_uncompiled: int
    not_run: dict[str, int]
    low: float | None
    high: float | None

    @classmethod
    def of(cls, source: str, rows: Iterable[VerifiedPair]) -> Agreement:
        """Count the rows of a source."""
        rows = list(rows)
        checked = [row for row in rows if row.agrees is not None]
        apart = [row for row in checked if row.expects != BOTH_PASS]
        passing = [row for row in apart if row.rejected_state == PASSED]
        agree = sum(bool(row.agrees) for row in checked)
        low, high = wilson(agree, len(checked)) if checked else (None, None)
        return cls(
            source=source,
            pairs=len(rows),
            checked=len(checked),
            agree=agree,
            chosen_fails=sum(row.chosen_state != PASSED for row in checked),
            rejected_passes=len(passing),
            rejected_fails=sum(row.expects == BOTH_PASS and row.rejected_state != PASSED for row in checked),
            both_pass=sum(row.chosen_state == PASSED for row in passing),
            rejected_uncompiled=sum(row.rejected_state == COMPILE_ERROR for row in apart),
            not_run=dict(sorted(Counter(row.reason for row in rows if row.agrees is None).items())),
            low=low,
            high=high,
        )

    @property
    def share(self) -> float | None:
        """Return the share of executed pairs whose label agrees."""
        return self.agree / self.checked if self.checked else None


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What execution says of a benchmark's labels.

    Attributes:
        benchmark: Its name.
        isolation: What the boxes kept in.
        toolchains: Language -> version, or why there is none.
        sources: One entry for each source, in the order of names.
        total: All of them.
        foreign: Checks whose pair is not in the benchmark.
        disagreements: Ids of the pairs that disagree, in the benchmark's order.
    """

    benchmark: str
    isolation: str
    toolchains: dict[str, str]
    sources: list[Agreement]
    total: Agreement
    foreign: int = 0
    disagreements: list[str] = field(default_factory=list)

    def save(self, folder: Path) -> None:
        """Write ``report.json`` and ``report.md`` into a folder."""
        write_text(folder / "report.json", json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n")
        write_text(folder / "report.md", self.table())

    def table(self) -> str:
        """Return agreement by source as a Markdown table."""
        titles = ("source", "pairs", "checked", "agree", "share", "95 % interval", "chosen fails", "rejected passes")
        lines = [
            " | ".join((*titles, "rejected fails", "rejected does not compile", "not run")),
            " | ".join(["---"] * (len(titles) + 3)),
        ]
        for row in [*self.sources, self.total]:
            share = interval = "-"
            if row.share is not None and row.low is not None and row.high is not None:
                share, interval = f"{row.share:.1%}", f"{row.low:.1%} to {row.high:.1%}"
            reasons = ", ".join(f"{reason} {count}" for reason, count in row.not_run.items()) or "-"
            counts = (row.chosen_fails, row.rejected_passes, row.rejected_fails, row.rejected_uncompiled)
            cells = (row.source, row.pairs, row.checked, row.agree, share, interval, *counts, reasons)
            lines.append(" | ".join(map(str, cells)))
        return "\n".join(f"| {line} |" for line in lines) + "\n"


def wilson(wins: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return the score interval of a share (Wilson, 1927, "Probable inference", JASA 22:209-212)."""
    z = statistics.NormalDist().inv_cdf((1 + level) / 2)
    share, spread = wins / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class _Job:
    """One pair to execute; ``key`` says all that its verdicts depend on."""

    key: str
    check: Check
    answers: dict[str, str]
    programs: dict[str, str]
    factor: float
    isolated: bool

    def run(self, side: str, factor: float = 1.0) -> CheckOutcome:
        return run_check(
            self.check,
            self.answers[side],
            self.programs[side],
            factor=self.factor * factor,
            isolated=self.isolated,
        )


_HANGS = 20
"""A rejected answer that is late after this many times what the chosen one took is not run again."""


@dataclass
class _Entry:
    """What the journal holds of a pair: a verdict for each side, and whether late ones were run again alone."""

    verdicts: dict[str, CheckOutcome]
    alone: bool = False

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        try:
            return cls({side: CheckOutcome(**row[side]) for side in _SIDES}, row["alone"])
        except TypeError as error:
            raise InputError("The journal verdicts.jsonl is damaged.", "Remove it: all is executed again.") from error

    def to_dict(self) -> dict[str, Any]:
        return {**{side: asdict(self.verdicts[side]) for side in _SIDES}, "alone": self.alone}

    @property
    def late(self) -> list[str]:
        return [side for side in _SIDES if self.verdicts[side].state == TIMEOUT]

    def unsettled(self, expects: str) -> bool:
        """Tell whether a late answer must be run again before anything can be said."""
        chosen, rejected = (self.verdicts[side] for side in _SIDES)
        # Both were run on the same busy machine: one that took so many times as long as the other hangs of itself.
        hangs = chosen.state == PASSED and rejected.seconds > _HANGS * chosen.seconds
        return bool(self.late) and not self.alone and not (expects != BOTH_PASS and hangs)


def verify(benchmark: str | Path, out: Path, settings: VerifySettings | None = None) -> VerifyReport:
    """Execute both answers of each pair that has a check.

    Writes ``verdicts.parquet`` (one :class:`VerifiedPair` for each pair, in the benchmark's order), ``report.json`` and
    ``report.md`` into ``out``; ``verdicts.jsonl`` there is the journal from which a killed run goes on.

    Args:
        benchmark: A compiled benchmark with its checks beside it, or ``authored``.
        out: Folder of the results.
        settings: Which pairs, and how.

    Raises:
        InputError: The benchmark or its checks cannot be read.
        SettingError: A language or a source in the settings is none of the benchmark's.
        UserError: Boxes here have no namespaces, and the settings do not say that this is wanted.
    """
    settings = settings or VerifySettings()
    kept_in = isolation()
    if not kept_in.complete and not settings.without_namespaces:
        raise UserError(
            f"The kernel gives no namespaces ({kept_in.why}): code could reach this machine's files and network.",
            "Set without_namespaces=true to execute it all the same, best inside a container or virtual machine.",
        )
    pairs = {row["id"]: row for row in _pairs(benchmark)}
    intake = _Intake(pairs, _selected(pairs.values(), settings), settings, kept_in.complete)
    with (
        JsonlCache(out / "verdicts.jsonl", (*_SIDES, "alone")) as journal,
        status_spinner("verify", lambda: f"{len(intake.rows)} of {len(intake.wanted)} pairs"),
    ):
        for check, entry in _execute(intake.jobs(_checks(benchmark)), journal, settings):
            intake.rows[check.id] = _judged(pairs[check.id], check, entry)
    verdicts = list(intake.rest())
    write_rows(out / "verdicts.parquet", verdicts, VerifiedPair.schema())
    foreign = len(intake.seen - pairs.keys())
    report = _report(benchmark, str(kept_in), verdicts, foreign, kept_in.complete)
    report.save(out)
    return report


def _pairs(benchmark: str | Path) -> Iterator[dict[str, Any]]:
    if benchmark == AUTHORED:
        for pair in load_authored_pairs():
            yield {**pair.to_benchmark_pair().to_dict(), "source": AUTHORED}
        return
    for row in read_rows(Path(benchmark), BenchmarkPair.required()):
        yield {"source": row["subset"], **row}


def _checks(benchmark: str | Path) -> Iterator[Check]:
    if benchmark == AUTHORED:
        yield from load_authored_checks()
        return
    path = Artifacts(Path(benchmark)).checks
    if not path.is_file():
        raise InputError(f"There are no checks {path}.", "'benchmark compile' writes them beside the benchmark.")
    for row in read_rows(path, Check.required()):
        yield Check.from_dict(row)


def _selected(pairs: Iterable[Mapping[str, Any]], settings: VerifySettings) -> set[str]:
    """Return the ids of the pairs that the settings ask for."""
    pairs = list(pairs)
    spoken = {get_language(name).benchmark_name for name in settings.languages}
    known = {row["source"] for row in pairs}
    for name in settings.sources:
        if name not in known:
            raise SettingError(f"The benchmark has no source '{name}'.", did_you_mean(name, known))
    chosen: dict[str, list[str]] = {}
    for row in pairs:
        if (not spoken or row["language"] in spoken) and (not settings.sources or row["source"] in settings.sources):
            chosen.setdefault(row["source"], []).append(row["id"])
    return {key for ids in chosen.values() for key in sorted(ids, key=stable_id)[: settings.limit]}


@dataclass
class _Intake:
    """Sorts checks into jobs and pairs that cannot be executed.

    Attributes:
        pairs: The benchmark's rows by id.
        wanted: Ids of those to execute.
        seen: Ids of the checks so far.
        rows: Pairs that are done with.
    """

    pairs: Mapping[str, Mapping[str, Any]]
    wanted: set[str]
    settings: VerifySettings
    isolated: bool
    seen: set[str] = field(default_factory=set)
    rows: dict[str, VerifiedPair] = field(default_factory=dict)

    def jobs(self, checks: Iterable[Check]) -> Iterator[_Job]:
        for check in checks:
            if check.id in self.seen:
                raise InputError(f"There are two checks for the pair {check.id}.")
            self.seen.add(check.id)
            if check.id in self.wanted:
                job = self._job(check, self.pairs[check.id])
                if isinstance(job, VerifiedPair):
                    self.rows[check.id] = job
                else:
                    yield job

    def _job(self, check: Check, pair: Mapping[str, Any]) -> _Job | VerifiedPair:
        try:
            validate_check(check)
            if check.expects not in {DISTINGUISHES, BOTH_PASS}:
                raise InputError(f"Check {check.id}: expects '{check.expects}'.")
        except UserError as error:
            return _unrun(pair, "bad-check", str(error))
        there = find_toolchain(get_language(check.language).benchmark_name, self.isolated)
        if isinstance(there, str):
            return _unrun(pair, NO_TOOLCHAIN, there)
        answers = {side: str(pair[side]) for side in _SIDES}
        programs = {"chosen": check.chosen_program, "rejected": check.rejected_program}
        factor = self.settings.seconds_factor
        said = json.dumps(check.to_dict(), sort_keys=True)
        key = stable_id(said, *answers.values(), there.version, str(factor), str(self.isolated))
        return _Job(key, check, answers, programs, factor, self.isolated)

    def rest(self) -> Iterator[VerifiedPair]:
        """Yield every pair of the benchmark, with why it was not executed where it was not."""
        for key, pair in self.pairs.items():
            yield self.rows.get(key) or _unrun(pair, "no-check" if key in self.wanted else "not-selected")


def _execute(jobs: Iterable[_Job], journal: JsonlCache, settings: VerifySettings) -> Iterator[tuple[Check, _Entry]]:
    """Yield checks with their verdicts: those in the journal, then as they come, then those that were late at first."""
    late: list[tuple[_Job, _Entry]] = []
    with ThreadPoolExecutor(settings.workers) as pool:
        running: dict[Future[_Entry], _Job] = {}
        try:
            for job in jobs:
                known = _Entry.of(journal.rows[job.key]) if job.key in journal.rows else None
                if known is None:
                    running[pool.submit(_both, job)] = job
                    if len(running) < 2 * settings.workers:
                        continue
                    yield from _finished(running, journal, late)
                elif known.unsettled(job.check.expects):
                    late.append((job, known))
                else:
                    yield job.check, known
            while running:
                yield from _finished(running, journal, late)
        finally:
            pool.shutdown(cancel_futures=True)
    # A busy machine makes programs late: nothing else runs beside these.
    for job, first in late:
        again = {side: job.run(side, settings.retry_factor) for side in first.late}
        entry = _Entry({**first.verdicts, **again}, alone=True)
        journal.add(job.key, entry.to_dict())
        yield job.check, entry


def _both(job: _Job) -> _Entry:
    return _Entry({side: job.run(side) for side in _SIDES})


def _finished(
    running: dict[Future[_Entry], _Job], journal: JsonlCache, late: list[tuple[_Job, _Entry]]
) -> Iterator[tuple[Check, _Entry]]:
    """Wait for one job at least; yield those that have ended, and put off those that were late."""
    for future in wait(running, return_when=FIRST_COMPLETED).done:
        job, entry = running.pop(future), future.result()
        if any(verdict.state == NO_TOOLCHAIN for verdict in entry.verdicts.values()):
            yield job.check, entry  # not kept: what is missing may be installed by the next time
            continue
        journal.add(job.key, entry.to_dict())
        if entry.unsettled(job.check.expects):
            late.append((job, entry))
        else:
            yield job.check, entry


def _judged(pair: Mapping[str, Any], check: Check, entry: _Entry) -> VerifiedPair:
    chosen, rejected = (entry.verdicts[side] for side in _SIDES)
    agrees, reason = agreement(check.expects, chosen.state, rejected.state)
    notes = [
        f"{side}: {verdict.state}{'' if verdict.case is None else f' (case {verdict.case})'}: {verdict.note}".rstrip(
            ": "
        )
        for side, verdict in entry.verdicts.items()
        if verdict.state != PASSED
    ]
    row = _unrun(pair, reason, "\n".join(notes))
    return replace(row, expects=check.expects, chosen_state=chosen.state, rejected_state=rejected.state, agrees=agrees)


def agreement(expects: str, chosen: str, rejected: str) -> tuple[bool | None, str]:
    """Say whether a label agrees with the states of the two answers.

    A chosen answer that is late even alone says nothing about the label, whatever its tests. A rejected one that is
    late where the chosen one passes is told apart by that: the loop that does not end is a common bug.

    Returns:
        Whether it agrees, and an empty text; or ``None`` and the reason.
    """
    if NO_TOOLCHAIN in {chosen, rejected}:
        return None, NO_TOOLCHAIN
    if chosen == TIMEOUT or (rejected == TIMEOUT and expects == BOTH_PASS):
        return None, TIMEOUT
    if expects == BOTH_PASS:
        return chosen == rejected == PASSED, ""
    return chosen == PASSED and rejected != PASSED, ""


def _unrun(pair: Mapping[str, Any], reason: str, note: str = "") -> VerifiedPair:
    return VerifiedPair(
        id=pair["id"],
        source=pair["source"],
        language=pair["language"],
        expects="",
        chosen_state="",
        rejected_state="",
        agrees=None,
        reason=reason,
        note=note,
    )


def _report(
    benchmark: str | Path, kept_in: str, verdicts: list[VerifiedPair], foreign: int, isolated: bool
) -> VerifyReport:
    spoken = {row.language for row in verdicts}
    names = [row.benchmark_name for row in benchmark_languages() if row.benchmark_name in spoken]
    tools = {name: find_toolchain(name, isolated) for name in names}
    by_source: dict[str, list[VerifiedPair]] = {}
    for row in verdicts:
        by_source.setdefault(row.source, []).append(row)
    return VerifyReport(
        benchmark=Path(benchmark).name,
        isolation=kept_in,
        toolchains={name: row.version if isinstance(row, InstalledToolchain) else row for name, row in tools.items()},
        sources=[Agreement.of(name, rows) for name, rows in sorted(by_source.items())],
        total=Agreement.of("all", verdicts),
        foreign=foreign,
        disagreements=[row.id for row in verdicts if row.agrees is False],
    )


def mark(benchmark: Path, verdicts: Path, out: Path) -> dict[str, int]:
    """Write a copy of a compiled benchmark whose ``verified`` column says what execution showed, with its manifest.

    Args:
        benchmark: The benchmark.
        verdicts: ``verdicts.parquet`` of its verification.
        out: The copy.

    Returns:
        Value of ``verified`` -> pairs.

    Raises:
        InputError: A file cannot be read, or the copy is to lie in the place of the benchmark.
    """
    if out.resolve() == benchmark.resolve():
        raise InputError(f"{out} is the benchmark itself.", "Give another path for the marked copy.")
    told = {row["id"]: row["agrees"] for row in read_rows(verdicts, VerifiedPair.required())}
    names: dict[bool | None, str] = {True: AGREES, False: DISAGREES, None: UNCHECKED}
    counts: Counter[str] = Counter()
    column = pa.field("verified", pa.string(), nullable=False)
    partial = out.with_name(out.name + ".partial")
    out.parent.mkdir(parents=True, exist_ok=True)
    with open_parquet(benchmark, BenchmarkPair.required()) as source:
        columns = [column if f.name == "verified" else f for f in source.schema_arrow]
        schema = pa.schema(columns if "verified" in source.schema_arrow.names else [*columns, column])
        with pq.ParquetWriter(partial, schema, compression="zstd") as writer:
            for batch in source.iter_batches(batch_size=1000):
                values = [names[told.get(key)] for key in batch.column("id").to_pylist()]
                counts.update(values)
                arrays = {name: batch.column(name) for name in batch.schema.names}
                arrays["verified"] = pa.array(values, pa.string())
                writer.write_batch(pa.RecordBatch.from_arrays([arrays[f.name] for f in schema], schema=schema))
    partial.replace(out)
    if Artifacts(benchmark).manifest.is_file():
        marked = Manifest.load(Artifacts(benchmark).manifest).model_copy(update={"sha256": file_sha256(out)})
        marked.save(Artifacts(out).manifest)
    return dict(sorted(counts.items()))
