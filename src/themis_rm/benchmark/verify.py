"""Verification of labels by execution: both responses of a pair run against the pair's tests.

A label agrees with its tests if the chosen response passes and the rejected one does not. Where tests measure
correctness but the criterion is another one, both responses of a valid pair pass
(:data:`~themis_rm.execute.check.BOTH_PASS`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from pydantic import Field

from themis_rm.benchmark.authored import load_authored_checks, load_authored_pairs
from themis_rm.benchmark.files import BenchmarkFiles
from themis_rm.benchmark.pairs import AUTHORED
from themis_rm.benchmark.verification_report import VerificationReport, VerifiedPair
from themis_rm.errors import InputError, SettingError, UserError, did_you_mean
from themis_rm.execute.check import BOTH_PASS, DISTINGUISHES, Check
from themis_rm.execute.runner import (
    NO_TOOLCHAIN,
    PASSED,
    TIMEOUT,
    VERDICT_VERSION,
    CheckOutcome,
    run_check,
    validate_check,
)
from themis_rm.execute.sandbox import isolation
from themis_rm.execute.toolchains import InstalledToolchain, find_toolchain
from themis_rm.languages import benchmark_languages, get_benchmark_language
from themis_rm.pipeline import WORKERS_TEXT, ExecutorSettings
from themis_rm.progress import status_spinner
from themis_rm.records import BenchmarkPair
from themis_rm.settings import Settings
from themis_rm.storage.digests import stable_id
from themis_rm.storage.jsonl_cache import JsonlCache
from themis_rm.storage.parquet import read_rows, write_rows
from themis_rm.threads import thread_pool

VERIFIED_PAIRS, OUTCOMES = "verified_pairs.parquet", "outcomes.jsonl"
"""Names of files in the output directory: the result, and the cache that a run resumes from."""

_SIDES = ("chosen", "rejected")

_RENAMED_VALUES = {"tells-apart": DISTINGUISHES}
"""Value of ``Check.expects`` in files of earlier versions -> its present name."""


class VerifySettings(Settings):
    """Which pairs are executed, and how."""

    workers: int = Field(default=ExecutorSettings().workers, ge=1, json_schema_extra={"default_text": WORKERS_TEXT})
    """Number of pairs that are executed at the same time."""
    languages: tuple[str, ...] = ()
    """Languages to execute; by default all with an installed toolchain."""
    sources: tuple[str, ...] = ()
    """Sources to execute; by default all."""
    limit: int | None = Field(default=None, ge=1)
    """Maximum number of pairs per source; the selection depends on ids only."""
    timeout_factor: float = Field(default=1.0, gt=0)
    """Factor of all time limits, for a slow machine."""
    retry_timeout_factor: float = Field(default=3.0, ge=1)
    """Additional factor of the time limit when a response that timed out is run again without other load."""
    without_namespaces: bool = False
    """Execute even where the kernel provides no namespaces: programs can then access this machine's files and
    network."""


@dataclass(frozen=True, slots=True)
class _Job:
    """One pair to execute; ``key`` identifies everything that its outcome depends on."""

    key: str
    check: Check
    responses: dict[str, str]
    programs: dict[str, str]
    timeout_factor: float
    isolated: bool

    def run(self, side: str, factor: float = 1.0) -> CheckOutcome:
        return run_check(
            self.check,
            self.responses[side],
            self.programs[side],
            factor=self.timeout_factor * factor,
            isolated=self.isolated,
        )


_MAX_SLOWDOWN = 20
"""A rejected response that times out after this many times the chosen one's run time is not run again."""


@dataclass
class _CachedOutcomes:
    """Outcomes of both responses of a pair, and whether responses that timed out were run again."""

    outcomes: dict[str, CheckOutcome]
    retried: bool = False

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Self:
        try:
            return cls({side: CheckOutcome(**row[side]) for side in _SIDES}, row["retried"])
        except TypeError as error:
            raise InputError(f"The cache {OUTCOMES} is damaged.", "Delete it to execute all pairs again.") from error

    def to_dict(self) -> dict[str, Any]:
        return {**{side: asdict(self.outcomes[side]) for side in _SIDES}, "retried": self.retried}

    @property
    def timed_out(self) -> list[str]:
        return [side for side in _SIDES if self.outcomes[side].state == TIMEOUT]

    def needs_retry(self, expects: str) -> bool:
        """Return whether a response that timed out must be run again before the label can be judged."""
        chosen, rejected = (self.outcomes[side] for side in _SIDES)
        # Both ran under the same load, so a much longer run time is caused by the response itself.
        is_endless = chosen.state == PASSED and rejected.seconds > _MAX_SLOWDOWN * chosen.seconds
        return bool(self.timed_out) and not self.retried and not (expects != BOTH_PASS and is_endless)


def verify(benchmark: str | Path, out: str | Path, settings: VerifySettings | None = None) -> VerificationReport:
    """Execute both responses of each pair that has a check.

    Writes ``verified_pairs.parquet`` (one :class:`VerifiedPair` per pair, in the order of the benchmark),
    ``report.json`` and ``report.md``. An interrupted run resumes from the cache ``outcomes.jsonl``.

    Args:
        benchmark: A compiled benchmark with its checks next to it, or ``authored``.
        out: Output directory.
        settings: See :class:`VerifySettings`.

    Raises:
        InputError: The benchmark or its checks cannot be read.
        SettingError: The benchmark does not have a language or source of the settings.
        UserError: The kernel provides no namespaces, and the settings do not allow execution without them.
    """
    settings, out = settings or VerifySettings(), Path(out)
    sandbox = isolation()
    if not sandbox.complete and not settings.without_namespaces:
        raise UserError(
            f"The kernel provides no namespaces ({sandbox.reason}): programs could access this machine's files and "
            "network.",
            "Set without_namespaces=true to execute them nevertheless, preferably inside a container or virtual "
            "machine.",
        )
    pairs = {row["id"]: row for row in _read_pairs(benchmark)}
    queue = _Queue(pairs, _select(pairs.values(), settings), settings, sandbox.complete)
    with (
        JsonlCache(out / OUTCOMES, (*_SIDES, "retried")) as cache,
        status_spinner("verify", lambda: f"{len(queue.rows)} of {len(queue.selected)} pairs"),
    ):
        for check, outcomes in _execute(queue.jobs(_read_checks(benchmark)), cache, settings):
            queue.rows[check.id] = _verified_pair(pairs[check.id], check, outcomes)
    rows = list(queue.all_rows())
    write_rows(out / VERIFIED_PAIRS, rows, VerifiedPair.schema())
    report = VerificationReport.of(
        rows,
        benchmark=Path(benchmark).name,
        isolation=str(sandbox),
        toolchains=_toolchain_versions(rows, sandbox.complete),
        foreign=len(queue.seen - pairs.keys()),
    )
    report.write(out)
    return report


def _toolchain_versions(rows: Iterable[VerifiedPair], isolated: bool) -> dict[str, str]:
    """Return language -> version of its toolchain, or why there is none, for the languages of the rows."""
    present = {row.language for row in rows}
    names = [row.benchmark_name for row in benchmark_languages() if row.benchmark_name in present]
    toolchains = {name: find_toolchain(name, isolated) for name in names}
    return {
        name: toolchain.version if isinstance(toolchain, InstalledToolchain) else toolchain
        for name, toolchain in toolchains.items()
    }


def _read_pairs(benchmark: str | Path) -> Iterator[dict[str, Any]]:
    if str(benchmark) == AUTHORED:
        for pair in load_authored_pairs():
            yield {**pair.to_benchmark_pair().to_dict(), "source": AUTHORED}
        return
    for row in read_rows(Path(benchmark), BenchmarkPair.required()):
        yield {"source": row["subset"], **row}


def _read_checks(benchmark: str | Path) -> Iterator[Check]:
    if str(benchmark) == AUTHORED:
        yield from load_authored_checks()
        return
    path = BenchmarkFiles(Path(benchmark)).checks
    if not path.is_file():
        raise InputError(
            f"There is no file {path}.", "Use a benchmark with the checks that 'themis-rm benchmark compile' wrote."
        )
    for row in read_rows(path, Check.required()):
        check = Check.from_dict(row)
        yield replace(check, expects=_RENAMED_VALUES.get(check.expects, check.expects))


def _select(pairs: Iterable[Mapping[str, Any]], settings: VerifySettings) -> set[str]:
    """Return the ids of the pairs that the settings select."""
    pairs = list(pairs)
    languages = {get_benchmark_language(name).benchmark_name for name in settings.languages}
    known = {row["source"] for row in pairs}
    for name in settings.sources:
        if name not in known:
            raise SettingError(f"The benchmark has no source '{name}'.", did_you_mean(name, known))
    ids: dict[str, list[str]] = {}
    for row in pairs:
        if (not languages or row["language"] in languages) and (
            not settings.sources or row["source"] in settings.sources
        ):
            ids.setdefault(row["source"], []).append(row["id"])
    return {key for members in ids.values() for key in sorted(members, key=stable_id)[: settings.limit]}


@dataclass
class _Queue:
    """Turns checks into jobs, and collects the results of all pairs.

    Attributes:
        pairs: The benchmark's rows by id.
        selected: Ids of the pairs to execute.
        seen: Ids of the checks so far.
        rows: Results so far, by id.
    """

    pairs: Mapping[str, Mapping[str, Any]]
    selected: set[str]
    settings: VerifySettings
    isolated: bool
    seen: set[str] = field(default_factory=set)
    rows: dict[str, VerifiedPair] = field(default_factory=dict)

    def jobs(self, checks: Iterable[Check]) -> Iterator[_Job]:
        """Yield a job for each selected check that can be executed."""
        for check in checks:
            if check.id in self.seen:
                raise InputError(f"There are two checks for the pair {check.id}.", "Compile the benchmark again.")
            self.seen.add(check.id)
            if check.id in self.selected:
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
            return _unexecuted(pair, "bad-check", str(error))
        toolchain = find_toolchain(get_benchmark_language(check.language).benchmark_name, self.isolated)
        if isinstance(toolchain, str):
            return _unexecuted(pair, NO_TOOLCHAIN, toolchain)
        responses = {side: str(pair[side]) for side in _SIDES}
        programs = {"chosen": check.chosen_program, "rejected": check.rejected_program}
        factor = self.settings.timeout_factor
        content = json.dumps(check.to_dict(), sort_keys=True)
        machine = (toolchain.version, str(factor), str(self.isolated))
        key = stable_id(content, *responses.values(), *machine, str(VERDICT_VERSION))
        return _Job(key, check, responses, programs, factor, self.isolated)

    def all_rows(self) -> Iterator[VerifiedPair]:
        """Yield one row per pair of the benchmark; pairs without a result have a reason."""
        for key, pair in self.pairs.items():
            yield self.rows.get(key) or _unexecuted(pair, "no-check" if key in self.selected else "not-selected")


def _execute(
    jobs: Iterable[_Job], cache: JsonlCache, settings: VerifySettings
) -> Iterator[tuple[Check, _CachedOutcomes]]:
    """Yield checks with outcomes: cached and finished ones first, then those that had to be run again."""
    retries: list[tuple[_Job, _CachedOutcomes]] = []
    with thread_pool(settings.workers) as pool:
        running: dict[Future[_CachedOutcomes], _Job] = {}
        try:
            for job in jobs:
                cached = _CachedOutcomes.from_dict(cache.rows[job.key]) if job.key in cache.rows else None
                if cached is None:
                    running[pool.submit(_run_both, job)] = job
                    if len(running) < 2 * settings.workers:
                        continue
                    yield from _collect(running, cache, retries)
                elif cached.needs_retry(job.check.expects):
                    retries.append((job, cached))
                else:
                    yield job.check, cached
            while running:
                yield from _collect(running, cache, retries)
        finally:
            pool.shutdown(cancel_futures=True)
    # Programs time out on a busy machine: these run one at a time.
    for job, first in retries:
        again = {side: job.run(side, settings.retry_timeout_factor) for side in first.timed_out}
        outcomes = _CachedOutcomes({**first.outcomes, **again}, retried=True)
        cache.add(job.key, outcomes.to_dict())
        yield job.check, outcomes


def _run_both(job: _Job) -> _CachedOutcomes:
    return _CachedOutcomes({side: job.run(side) for side in _SIDES})


def _collect(
    running: dict[Future[_CachedOutcomes], _Job], cache: JsonlCache, retries: list[tuple[_Job, _CachedOutcomes]]
) -> Iterator[tuple[Check, _CachedOutcomes]]:
    """Wait for at least one job; yield finished ones and append those that must be run again to ``retries``."""
    for future in wait(running, return_when=FIRST_COMPLETED).done:
        job, outcomes = running.pop(future), future.result()
        if any(outcome.state == NO_TOOLCHAIN for outcome in outcomes.outcomes.values()):
            yield job.check, outcomes  # not cached: the toolchain may be installed before the next run
            continue
        cache.add(job.key, outcomes.to_dict())
        if outcomes.needs_retry(job.check.expects):
            retries.append((job, outcomes))
        else:
            yield job.check, outcomes


def _verified_pair(pair: Mapping[str, Any], check: Check, cached: _CachedOutcomes) -> VerifiedPair:
    chosen, rejected = (cached.outcomes[side] for side in _SIDES)
    agrees, reason = label_agrees(check.expects, chosen.state, rejected.state)
    notes = [_note(side, outcome) for side, outcome in cached.outcomes.items() if outcome.state != PASSED]
    row = _unexecuted(pair, reason, "\n".join(notes))
    return replace(row, expects=check.expects, chosen_state=chosen.state, rejected_state=rejected.state, agrees=agrees)


def _note(side: str, outcome: CheckOutcome) -> str:
    case = "" if outcome.case is None else f" (case {outcome.case})"
    return f"{side}: {outcome.state}{case}: {outcome.note}".rstrip(": ")


def label_agrees(expects: str, chosen: str, rejected: str) -> tuple[bool | None, str]:
    """Return whether a label agrees with the states of the two responses.

    The label cannot be judged if the chosen response times out even without other load. A rejected response that times
    out where the chosen one passes counts as a failure: an endless loop is a common bug.

    Args:
        expects: Expected outcome (:mod:`themis_rm.execute.check`).
        chosen: State of the chosen response (:mod:`themis_rm.execute.runner`).
        rejected: State of the rejected response.

    Returns:
        Whether it agrees and an empty string, or ``None`` and the reason why this is unknown.
    """
    if NO_TOOLCHAIN in {chosen, rejected}:
        return None, NO_TOOLCHAIN
    if chosen == TIMEOUT or (rejected == TIMEOUT and expects == BOTH_PASS):
        return None, TIMEOUT
    if expects == BOTH_PASS:
        return chosen == rejected == PASSED, ""
    return chosen == PASSED and rejected != PASSED, ""


def _unexecuted(pair: Mapping[str, Any], reason: str, note: str = "") -> VerifiedPair:
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
