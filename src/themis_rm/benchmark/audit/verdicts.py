"""What an audit comes to: one line a problem, how grave it is, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from themis_rm.benchmark.audit.leaks import TellingWord
from themis_rm.benchmark.audit.lengths import LengthBiases
from themis_rm.benchmark.audit.settings import AuditSettings
from themis_rm.benchmark.audit.shape import Shape
from themis_rm.benchmark.audit.surface import SurfaceBias
from themis_rm.benchmark.audit.training import Overlap
from themis_rm.criteria import criterion
from themis_rm.results import ResultPart

Level = Literal["bad", "look", "fine"]
LEVELS: tuple[Level, ...] = ("bad", "look", "fine")

LENGTH_BAD, LENGTH_LOOK = 0.65, 0.55
"""From which share of length-explained pairs a criterion is bad, or to be looked at."""
SURFACE_BAD, SURFACE_LOOK = 0.75, 0.6
"""The same for what cross-fitted n-grams get."""
SHARE_BAD = 0.02
"""From which share of all pairs a problem of single pairs is bad."""
BROKEN = 0.1
"""Share of unreadable answers that is too much, above twice the median of the sources."""


class Verdict(ResultPart):
    """What one look of the audit comes to."""

    problem: str
    """A slug."""
    level: Level
    """``bad``, to be looked at, or fine."""
    line: str
    """What was found, with numbers."""
    hint: str
    """What to do about it; empty where it is fine."""


Counts = Mapping[str, Mapping[str, int]]


def verdicts(
    pairs: int,
    lengths: LengthBiases,
    surface: Mapping[str, SurfaceBias],
    found: Counts,
    words: Sequence[TellingWord],
    shape: Shape,
    overlap: Overlap | None,
    settings: AuditSettings,
) -> list[Verdict]:
    """Return a verdict for each problem, the gravest first."""
    told = [
        *_length(lengths),
        *_surface(surface),
        *_duplicates(pairs, found),
        *_differences(pairs, found),
        *_labels(pairs, found, words),
        *_shape(pairs, found, shape, settings),
        *(_overlap(overlap) if overlap else ()),
    ]
    return sorted(told, key=lambda verdict: LEVELS.index(verdict.level))


def _graded(value: float, look: float, bad: float) -> Level:
    return "bad" if value >= bad else "look" if value >= look else "fine"


def _verdict(problem: str, level: Level, line: str, hint: str) -> Verdict:
    return Verdict(problem=problem, level=level, line=line, hint="" if level == "fine" else hint)


def _length(lengths: LengthBiases) -> Iterator[Verdict]:
    worst = max(lengths.by_aspect, key=lambda name: lengths.by_aspect[name].explained)
    each = ", ".join(f"{criterion(name).short} {bias.explained:.0%}" for name, bias in lengths.by_aspect.items())
    yield _verdict(
        "length",
        _graded(lengths.by_aspect[worst].explained, LENGTH_LOOK, LENGTH_BAD),
        f"Length alone explains {lengths.explained:.0%} of the pairs with a rule for each cell "
        f"({each} with one for each criterion; {lengths.by_source_explained:.0%} with one for each source).",
        "Report accuracy on length-matched pairs and length-balanced accuracy beside the plain one; cap the sources "
        "whose share lies farthest from one half.",
    )


def _surface(surface: Mapping[str, SurfaceBias]) -> Iterator[Verdict]:
    if surface:
        each = ", ".join(f"{criterion(name).short} {found.accuracy:.0%}" for name, found in surface.items())
        yield _verdict(
            "surface",
            _graded(max(found.low for found in surface.values()), SURFACE_LOOK, SURFACE_BAD),
            f"N-grams fitted on the benchmark itself get {each} of tasks that they have not seen.",
            "State this baseline in every table (ngrams-crossfit); a model below it has not shown that it reads code. "
            "See the one-sided words for what the n-grams live on.",
        )


def _all(found: Counts, *kinds: str, scopes: Sequence[str] = ()) -> int:
    return sum(count for kind in kinds for scope, count in found.get(kind, {}).items() if not scopes or scope in scopes)


def _duplicates(pairs: int, found: Counts) -> Iterator[Verdict]:
    against = _all(found, "contradicted-pair", scopes=("task", "source", "sources"))
    yield _verdict(
        "contradictions",
        "bad" if against else "fine",
        f"{against:,} pairs stand there the other way round under the same criterion.",
        "Drop both directions; nobody can be right on them.",
    )
    twice = _all(found, "same-pair", scopes=("task", "source", "sources"))
    both = _all(found, "same-pair", scopes=("criteria",))
    yield _verdict(
        "same-pairs",
        "bad" if twice / pairs >= SHARE_BAD else "look" if twice or both else "fine",
        f"{twice:,} pairs stand there twice under one criterion, {both:,} under two.",
        "Keep one of each under one criterion (compile does); see whether those under two are about both.",
    )
    crossed = _all(found, "contradicted-pair", "near-contradiction", scopes=("criteria",))
    near, apart = _all(found, "near-duplicate"), _all(found, "near-duplicate", scopes=("sources", "criteria"))
    turned = _all(found, "near-contradiction")
    yield _verdict(
        "near-duplicates",
        _graded((near - _all(found, "near-duplicate", scopes=("task",))) / pairs, 1 / pairs, SHARE_BAD),
        f"{near:,} near duplicates: {_all(found, 'near-duplicate', scopes=('task',)):,} within a task, "
        f"{_all(found, 'near-duplicate', scopes=('source',)):,} between tasks of a source, {apart:,} between sources "
        f"or criteria; {turned:,} more the other way round, {crossed:,} of these between criteria.",
        "Draw intervals over tasks or clusters, not pairs; keep one pair of each cluster that spans sources.",
    )
    yield _verdict(
        "shared-answers",
        _graded(_all(found, "chosen-is-rejected", scopes=("task", "source", "sources")) / pairs, 1 / pairs, SHARE_BAD),
        f"{_all(found, 'chosen-is-rejected'):,} pairs choose what another pair rejects "
        f"({_all(found, 'chosen-is-rejected', scopes=('criteria',)):,} under another criterion); "
        f"{_all(found, 'same-chosen'):,} share a chosen, {_all(found, 'same-rejected'):,} a rejected answer.",
        "Right where three versions form a ladder; look at those of one criterion.",
    )


def _differences(pairs: int, found: Counts) -> Iterator[Verdict]:
    bare = _all(found, "comments-only", "same-answers")
    yield _verdict(
        "no-difference",
        _graded(bare / pairs, 1 / pairs, SHARE_BAD),
        f"{bare:,} pairs differ in comments alone or not at all; {_all(found, 'whitespace-only'):,} in layout alone.",
        "Drop them; only layout under readability is a difference that may count.",
    )


def _labels(pairs: int, found: Counts, words: Sequence[TellingWord]) -> Iterator[Verdict]:
    told, named = _all(found, "telling-word"), _all(found, "label-name")
    yield _verdict(
        "label-words",
        _graded(told / pairs, 1 / pairs, SHARE_BAD),
        f"{told:,} pairs have a word such as 'fixed' or 'vulnerable' on one side alone.",
        "Compile with soundness.leaks=false, or rename in the source's mapper.",
    )
    yield _verdict(
        "label-names",
        _graded(named / pairs, 1 / pairs, SHARE_BAD),
        f"{named:,} pairs name a CWE or CVE, or in a comment a file, on one side alone.",
        "Look at the names in findings.parquet; cut those that the source put there.",
    )
    telling = [word for word in words if word.artifact]
    strongest = {word.source: word for word in sorted(telling, key=lambda word: abs(word.z))}
    listed = sorted(strongest.values(), key=lambda word: -abs(word.z))[:4]
    shown = ", ".join(f"{word.source} {word.word} {word.chosen}:{word.rejected}" for word in listed)
    yield _verdict(
        "one-sided-words",
        _graded(_all(found, "one-sided-word") / pairs, 1 / pairs, 5 * SHARE_BAD),
        f"{len(telling)} words of {len({word.source for word in telling})} sources nearly always stand on one side "
        f"({_all(found, 'one-sided-word'):,} pairs){f'; chosen:rejected tasks: {shown}' if shown else ''}.",
        "Read them: an API that is better is the subject; a renamed function, or comments that only one side has, are "
        "artifacts to undo in the mapper.",
    )


def _shape(pairs: int, found: Counts, shape: Shape, settings: AuditSettings) -> Iterator[Verdict]:
    bound = max(BROKEN, 2 * shape.usual_broken)
    odd = {name: source.broken for name, source in shape.by_source.items() if source.broken > bound}
    apart = _all(found, "one-side-broken")
    each = ", ".join(f"{name} {share:.0%}" for name, share in sorted(odd.items(), key=lambda item: -item[1])[:4])
    yield _verdict(
        "unreadable",
        "bad" if apart / pairs >= SHARE_BAD else "look" if odd or apart else "fine",
        f"{len(odd)} sources have many answers that their grammar cannot read{f' ({each})' if each else ''}; "
        f"{apart:,} pairs are told apart by whether they parse.",
        "Look whether these are in the stated language and whole; a syntax error need not be the label of every pair.",
    )
    repeated = sum(repeat.pairs for repeat in shape.repeats)
    most = shape.repeats[0].pairs if shape.repeats else 0
    yield _verdict(
        "repeated-requests",
        _graded(repeated / pairs, 1 / pairs, 0.25),
        f"{len(shape.repeats):,} requests stand in {settings.repeats} pairs or more ({repeated:,} pairs, {most:,} the "
        f"most).",
        "Have requests written for templates (compile with a writer); draw intervals over tasks.",
    )
    tasks, effective = (sum(getattr(s, key) for s in shape.by_source.values()) for key in ("tasks", "effective"))
    yield _verdict(
        "tasks",
        "look" if tasks < 0.8 * pairs else "fine",
        f"{pairs:,} pairs come from {tasks:,} tasks (as informative as about {effective:,.0f}).",
        "Intervals that take pairs for independent are too narrow; draw them over tasks.",
    )
    wrong = shape.verified.get("disagrees", 0)
    checked = wrong + shape.verified.get("agrees", 0)
    yield _verdict(
        "execution",
        "look" if not checked else _graded(wrong / checked, 1 / checked, SHARE_BAD),
        f"{checked:,} pairs were executed, {wrong:,} disagree with their label.",
        "Drop those that disagree." if checked else "Run themis-rm benchmark verify, then drop those that disagree.",
    )


def _overlap(overlap: Overlap) -> Iterator[Verdict]:
    prompts = overlap.prompts
    share = prompts.any / prompts.texts if prompts.texts else 0.0
    answers = f"; answers: {overlap.answers.any:,} of {overlap.answers.texts:,}" if overlap.answers else ""
    yield _verdict(
        "training-overlap",
        _graded(share, 1e-9, SHARE_BAD),
        f"{prompts.any:,} of {prompts.texts:,} requests share a {overlap.order}-gram with {overlap.against} "
        f"({prompts.whole:,} stand there whole; {prompts.short:,} are too short for one and were compared whole); "
        f"templates: {overlap.templates.any:,} of {overlap.templates.texts:,}{answers}.",
        f"Leave the {overlap.rows_shared:,} rows of {overlap.rows:,} that share n-grams out of training, or report "
        f"accuracy without these pairs.",
    )
