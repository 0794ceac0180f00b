"""Checks of the audit: the severity of each kind of problem, and how to fix it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from themis_rm.benchmark.audit.findings import FindingCounts
from themis_rm.benchmark.audit.leaks import OneSidedWord
from themis_rm.benchmark.audit.lengths import LengthBiases
from themis_rm.benchmark.audit.settings import AuditSettings
from themis_rm.benchmark.audit.statistics import BenchmarkStatistics
from themis_rm.benchmark.audit.surface import SurfaceBias
from themis_rm.benchmark.audit.training import TrainingOverlap
from themis_rm.criteria import short_name
from themis_rm.results import ResultPart

Level = Literal["error", "warning", "ok"]
LEVELS: tuple[Level, ...] = ("error", "warning", "ok")

LENGTH_ERROR, LENGTH_WARNING = 0.65, 0.55
"""Accuracy of the better length rule of a criterion from which it is an error or a warning."""
SURFACE_ERROR, SURFACE_WARNING = 0.75, 0.6
"""Lower bound of the accuracy of cross-fitted n-grams from which it is an error or a warning."""
SHARE_ERROR = 0.02
"""Share of affected pairs from which a problem of single pairs is an error."""
MAX_UNPARSABLE = 0.1
"""Share of unparsable responses of a source that is reported, if it also exceeds twice the median of the sources."""


class AuditCheck(ResultPart):
    """Outcome of one check of the audit."""

    name: str
    """A slug."""
    level: Level
    """Severity."""
    message: str
    """What was measured, with numbers."""
    hint: str
    """How to fix it; empty if the level is ``ok``."""


def run_checks(
    pairs: int,
    lengths: LengthBiases,
    surface: Mapping[str, SurfaceBias],
    counts: FindingCounts,
    words: Sequence[OneSidedWord],
    statistics: BenchmarkStatistics,
    overlap: TrainingOverlap | None,
    settings: AuditSettings,
) -> list[AuditCheck]:
    """Return the outcome of every check, the most severe first."""
    checks = [
        *_length(lengths),
        *_surface(surface),
        *_duplicates(pairs, counts),
        *_differences(pairs, counts),
        *_labels(pairs, counts, words),
        *_parsing(pairs, counts, statistics),
        *_tasks(pairs, statistics, settings),
        *_execution(statistics),
        *(_overlap(overlap) if overlap else ()),
    ]
    return sorted(checks, key=lambda check: LEVELS.index(check.level))


def _level(value: float, warning: float, error: float) -> Level:
    return "error" if value >= error else "warning" if value >= warning else "ok"


def _check(name: str, level: Level, message: str, hint: str) -> AuditCheck:
    return AuditCheck(name=name, level=level, message=message, hint="" if level == "ok" else hint)


def _length(lengths: LengthBiases) -> Iterator[AuditCheck]:
    worst = max(lengths.by_aspect.values(), key=lambda bias: bias.explained)
    by_criterion = ", ".join(f"{short_name(name)} {bias.explained:.0%}" for name, bias in lengths.by_aspect.items())
    yield _check(
        "length",
        _level(worst.explained, LENGTH_WARNING, LENGTH_ERROR),
        f"A length rule per cell orders {lengths.explained:.0%} of the pairs correctly ({by_criterion} with one rule "
        f"per criterion; {lengths.by_source_explained:.0%} with one per source and criterion).",
        "Report accuracy on length-matched pairs and length-balanced accuracy next to the plain one; limit the number "
        "of pairs from sources whose share is farthest from one half.",
    )


def _surface(surface: Mapping[str, SurfaceBias]) -> Iterator[AuditCheck]:
    if surface:
        by_criterion = ", ".join(f"{short_name(name)} {bias.accuracy:.0%}" for name, bias in surface.items())
        yield _check(
            "surface",
            _level(max(bias.low for bias in surface.values()), SURFACE_WARNING, SURFACE_ERROR),
            f"N-grams fitted on the benchmark itself order {by_criterion} of held-out tasks correctly.",
            "State this baseline in every table (ngrams-crossfit); a model below it has not shown that it reads code. "
            "The one-sided words list what the n-grams use.",
        )


def _total(counts: FindingCounts, *kinds: str, scopes: Sequence[str] = ()) -> int:
    return sum(
        count for kind in kinds for scope, count in counts.get(kind, {}).items() if not scopes or scope in scopes
    )


_SAME_CRITERION = ("same-task", "same-source", "cross-source")


def _duplicates(pairs: int, counts: FindingCounts) -> Iterator[AuditCheck]:
    contradicted = _total(counts, "contradicted-pair", scopes=_SAME_CRITERION)
    yield _check(
        "contradictions",
        "error" if contradicted else "ok",
        f"{contradicted:,} pairs also occur with exchanged labels under the same criterion.",
        "Drop both versions; no model can be right on both.",
    )
    same = _total(counts, "same-pair", scopes=_SAME_CRITERION)
    two_criteria = _total(counts, "same-pair", scopes=("cross-criterion",))
    yield _check(
        "same-pairs",
        "error" if same / pairs >= SHARE_ERROR else "warning" if same or two_criteria else "ok",
        f"{same:,} pairs occur twice under one criterion, {two_criteria:,} under two criteria.",
        "Keep one of each under one criterion (compile does); check whether those under two criteria are about both.",
    )
    yield _near_duplicates(pairs, counts)
    across = _total(counts, "chosen-is-rejected", scopes=("cross-criterion",))
    yield _check(
        "shared-responses",
        _level(_total(counts, "chosen-is-rejected", scopes=_SAME_CRITERION) / pairs, 1 / pairs, SHARE_ERROR),
        f"{_total(counts, 'chosen-is-rejected'):,} pairs choose a response that another pair rejects ({across:,} under "
        f"another criterion); {_total(counts, 'same-chosen'):,} share a chosen, {_total(counts, 'same-rejected'):,} a "
        "rejected response.",
        "This is correct where three versions are ranked; check the pairs of one criterion.",
    )


def _near_duplicates(pairs: int, counts: FindingCounts) -> AuditCheck:
    total = _total(counts, "near-duplicate")
    within_task = _total(counts, "near-duplicate", scopes=("same-task",))
    within_source = _total(counts, "near-duplicate", scopes=("same-source",))
    across = _total(counts, "near-duplicate", scopes=("cross-source", "cross-criterion"))
    exchanged = _total(counts, "near-contradiction")
    exchanged_across = _total(counts, "contradicted-pair", "near-contradiction", scopes=("cross-criterion",))
    return _check(
        "near-duplicates",
        _level((total - within_task) / pairs, 1 / pairs, SHARE_ERROR),
        f"{total:,} near duplicates: {within_task:,} within a task, {within_source:,} between tasks of a source, "
        f"{across:,} between sources or criteria; {exchanged:,} more with exchanged labels, {exchanged_across:,} of "
        "these between criteria.",
        "Resample tasks or clusters, not pairs, for intervals; keep one pair of each cluster that spans sources.",
    )


def _differences(pairs: int, counts: FindingCounts) -> Iterator[AuditCheck]:
    without_difference = _total(counts, "comments-only", "same-responses")
    yield _check(
        "no-difference",
        _level(without_difference / pairs, 1 / pairs, SHARE_ERROR),
        f"{without_difference:,} pairs differ in comments only or not at all; "
        f"{_total(counts, 'whitespace-only'):,} in layout only.",
        "Drop them; only differences in layout under readability can be valid.",
    )


def _labels(pairs: int, counts: FindingCounts, words: Sequence[OneSidedWord]) -> Iterator[AuditCheck]:
    label_words, label_names = _total(counts, "label-word"), _total(counts, "label-name")
    yield _check(
        "label-words",
        _level(label_words / pairs, 1 / pairs, SHARE_ERROR),
        f"{label_words:,} pairs have a word such as 'fixed' or 'vulnerable' on one side only.",
        "Compile with validation.allow_label_leaks=false, or rename in the source's mapper.",
    )
    yield _check(
        "label-names",
        _level(label_names / pairs, 1 / pairs, SHARE_ERROR),
        f"{label_names:,} pairs name a CWE or CVE, or a file in a comment, on one side only.",
        "Check the names in findings.parquet; remove those that the source added.",
    )
    yield _one_sided_words(pairs, counts, words)


def _one_sided_words(pairs: int, counts: FindingCounts, words: Sequence[OneSidedWord]) -> AuditCheck:
    artifacts = [word for word in words if word.is_artifact]
    strongest = {word.source: word for word in sorted(artifacts, key=lambda word: abs(word.z))}
    listed = sorted(strongest.values(), key=lambda word: -abs(word.z))[:4]
    examples = ", ".join(f"{word.source} {word.word} {word.chosen}:{word.rejected}" for word in listed)
    affected = _total(counts, "one-sided-word")
    return _check(
        "one-sided-words",
        _level(affected / pairs, 1 / pairs, 5 * SHARE_ERROR),
        f"{len(artifacts)} words of {len({word.source for word in artifacts})} sources occur nearly always on one side "
        f"({affected:,} pairs){f'; chosen:rejected tasks: {examples}' if examples else ''}.",
        "Read them: a better API is part of the subject; a renamed function, or comments that only one side has, are "
        "artifacts to remove in the mapper.",
    )


def _parsing(pairs: int, counts: FindingCounts, statistics: BenchmarkStatistics) -> Iterator[AuditCheck]:
    limit = max(MAX_UNPARSABLE, 2 * statistics.median_unparsable)
    sources = {name: source.unparsable for name, source in statistics.by_source.items() if source.unparsable > limit}
    one_side = _total(counts, "unparsable-one-side")
    worst = ", ".join(f"{name} {share:.0%}" for name, share in sorted(sources.items(), key=lambda item: -item[1])[:4])
    yield _check(
        "unparsable",
        "error" if one_side / pairs >= SHARE_ERROR else "warning" if sources or one_side else "ok",
        f"{len(sources)} sources have many responses with syntax errors{f' ({worst})' if worst else ''}; in "
        f"{one_side:,} pairs only one response parses.",
        "Check that these are complete and in the stated language; a syntax error should not be the label of every "
        "pair.",
    )


def _tasks(pairs: int, statistics: BenchmarkStatistics, settings: AuditSettings) -> Iterator[AuditCheck]:
    repeated = sum(prompt.pairs for prompt in statistics.repeated_prompts)
    largest = statistics.repeated_prompts[0].pairs if statistics.repeated_prompts else 0
    yield _check(
        "repeated-prompts",
        _level(repeated / pairs, 1 / pairs, 0.25),
        f"{len(statistics.repeated_prompts):,} prompts occur in {settings.min_repeats} pairs or more ({repeated:,} "
        f"pairs, at most {largest:,} for one prompt).",
        "Generate prompts in place of templates (compile with a writer); resample tasks for intervals.",
    )
    tasks = sum(source.tasks for source in statistics.by_source.values())
    effective = sum(source.effective_tasks for source in statistics.by_source.values())
    yield _check(
        "tasks",
        "warning" if tasks < 0.8 * pairs else "ok",
        f"{pairs:,} pairs come from {tasks:,} tasks (as informative as about {effective:,.0f} independent ones).",
        "Intervals that treat pairs as independent are too narrow; resample tasks.",
    )


def _execution(statistics: BenchmarkStatistics) -> Iterator[AuditCheck]:
    disagree = statistics.verified.get("disagrees", 0)
    executed = disagree + statistics.verified.get("agrees", 0)
    yield _check(
        "execution",
        "warning" if not executed else _level(disagree / executed, 1 / executed, SHARE_ERROR),
        f"{executed:,} pairs were executed; {disagree:,} disagree with their label.",
        "Drop those that disagree." if executed else "Run 'themis-rm benchmark verify', then drop those that disagree.",
    )


def _overlap(overlap: TrainingOverlap) -> Iterator[AuditCheck]:
    prompts, templates, responses = overlap.prompts, overlap.templates, overlap.responses
    share = prompts.any / prompts.texts if prompts.texts else 0.0
    suffix = f"; responses: {responses.any:,} of {responses.texts:,}" if responses else ""
    if overlap.rejected:
        reasons = ", ".join(f"{rows:,} {reason}" for reason, rows in overlap.rejected.items())
        suffix += f"; rows that were not searched: {reasons}"
    yield _check(
        "training-overlap",
        _level(share, 1e-9, SHARE_ERROR),
        f"{prompts.any:,} of {prompts.texts:,} prompts share a {overlap.ngram_size}-gram with {overlap.against} "
        f"({prompts.all:,} occur there completely; {prompts.short:,} are shorter than an n-gram and were compared as "
        f"one); templates: {templates.any:,} of {templates.texts:,}{suffix}.",
        f"Exclude the {overlap.rows_shared:,} of {overlap.rows:,} rows that share n-grams from training, or report "
        "accuracy without these pairs.",
    )
