"""Evaluate judgments: which labels are right, how far readers agree, and whether a model agrees with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from pathlib import Path

from themis_rm.annotation.judgments import RIGHT, UNSURE, WRONG, Judgment, JudgmentSet, read_judgments
from themis_rm.annotation.results import (
    AgreementResults,
    Disagreement,
    LabelShare,
    ModelAccuracy,
    Proportion,
    ReaderAgreement,
    ReaderShare,
)
from themis_rm.annotation.rows import AnnotationReader, AnnotationRow, criterion_order, name_data
from themis_rm.annotation.settings import AgreementSettings
from themis_rm.annotation.statistics import cohen_kappa, krippendorff_alpha
from themis_rm.errors import InputError

_SLICES: Mapping[str, Callable[[AnnotationRow], str]] = {
    "criterion": lambda row: row.pair.aspect,
    "language": lambda row: row.pair.language,
    "source": lambda row: row.source,
}
_REASON: Mapping[str, Callable[[AnnotationRow], str]] = {"reason": lambda row: row.reason}


def measure_agreement(
    data: str | Path,
    files: Sequence[str | Path],
    settings: AgreementSettings | None = None,
    dropped: str | Path | None = None,
    model: str | Path | None = None,
) -> AgreementResults:
    """Evaluate judgments of the rows of a dataset.

    Args:
        data: The data that was read, see :class:`~themis_rm.annotation.rows.AnnotationReader`.
        files: Judgments in JSON Lines, as the page of ``browse`` saves them.
        settings: See :class:`AgreementSettings`.
        dropped: Dropped rows that were on the page.
        model: Reward model whose accuracy on the labels that are right is computed: checkpoint, hub name or baseline.

    Raises:
        InputError: A file cannot be read, or no judgment is about a row of the data.
        CheckpointError: The model cannot be loaded.
        NotEvaluatedError: The model scored no pair.
    """
    settings = settings or AgreementSettings()
    reader = AnnotationReader(data, settings, dropped)
    digests: dict[str, set[str]] = {}
    count = 0
    for row in reader.rows():
        count += 1
        digests.setdefault(row.id, set()).add(row.digest)
    found = read_judgments(files, digests)
    rows = _judged_rows(AnnotationReader(data, settings, dropped), found)
    verdicts = {digest: _verdicts(judgments) for digest, judgments in found.by_row.items()}
    if not any(verdicts.values()):
        raise InputError(
            f"No judgment is about a row of {data} ({_reasons(found)}).",
            "Give the data that the page was made of, with the same --dropped, and the files that it saved.",
        )
    return AgreementResults(
        data=name_data(data),
        data_rows=count,
        lines=found.read,
        rejected=dict(sorted(found.rejected.items())),
        confidence_level=settings.confidence_level,
        interval=settings.interval,
        shares=_shares(list(rows.values()), found, settings),
        readers=[_reader_share(name, verdicts) for name in found.readers],
        agreement=_agreement(found.readers, list(verdicts.values()), settings),
        alpha=krippendorff_alpha([list(one.values()) for one in verdicts.values()]),
        disagreements=[_disagreement(rows[key], one) for key, one in verdicts.items() if len(set(one.values())) > 1],
        model=model and _model_accuracy(model, rows, verdicts, settings),
    )


def _reasons(found: JudgmentSet) -> str:
    counts = [f"{reason} {lines}" for reason, lines in sorted(found.rejected.items())]
    return ", ".join(counts) or f"{found.read} lines, none with a verdict"


def _judged_rows(reader: AnnotationReader, found: JudgmentSet) -> dict[str, AnnotationRow]:
    """Return digest -> row, for the rows with a judgment in the order of the data."""
    return {row.digest: row for row in reader.rows() if row.digest in found.by_row}


def _verdicts(judgments: Mapping[str, Judgment]) -> dict[str, str]:
    """Return reader -> verdict, in the order of names."""
    return {reader: one.verdict for reader, one in sorted(judgments.items()) if one.verdict is not None}


def _majority(answers: Sequence[bool]) -> bool | None:
    """Return the answer that more readers gave, ``None`` for equally many."""
    yes = sum(answers)
    return None if 2 * yes == len(answers) else 2 * yes > len(answers)


def decide(verdicts: Mapping[str, str]) -> bool | None:
    """Return whether the label of a row is right, ``None`` if the readers are undecided."""
    return _majority([verdict == RIGHT for verdict in verdicts.values() if verdict != UNSURE])


def _shares(rows: Sequence[AnnotationRow], found: JudgmentSet, settings: AgreementSettings) -> list[LabelShare]:
    kept, dropped = [row for row in rows if not row.reason], [row for row in rows if row.reason]
    shares = [_label_share("all", "", kept, found, settings)]
    for slices, part in ((_SLICES, kept), (_REASON, dropped)):
        for kind, value_of in slices.items():
            for name in sorted({value_of(row) for row in part}, key=criterion_order):
                chosen = [row for row in part if value_of(row) == name]
                shares.append(_label_share(kind, name, chosen, found, settings))
    return shares


def _label_share(
    kind: str, name: str, rows: Sequence[AnnotationRow], found: JudgmentSet, settings: AgreementSettings
) -> LabelShare:
    judged = [list(found.by_row[row.digest].values()) for row in rows]
    verdicts = [verdicts for row in rows if (verdicts := _verdicts(found.by_row[row.digest]))]
    labels = [decide(one) for one in verdicts]

    def proportion(answers: Sequence[bool | None]) -> Proportion:
        return Proportion.of(
            [answer for answer in answers if answer is not None], settings.confidence_level, settings.interval
        )

    return LabelShare(
        slice=kind,
        name=name,
        rows=len(verdicts),
        undecided=labels.count(None),
        right=proportion(labels),
        self_contained=proportion(
            [_majority([one.self_contained for one in row if one.self_contained is not None]) for row in judged]
        ),
        leaks=proportion([_majority([one.leaks for one in row if one.leaks is not None]) for row in judged]),
    )


def _reader_share(name: str, verdicts: Mapping[str, Mapping[str, str]]) -> ReaderShare:
    counts = Counter(one[name] for one in verdicts.values() if name in one)
    return ReaderShare(reader=name, right=counts[RIGHT], wrong=counts[WRONG], unsure=counts[UNSURE])


def _agreement(
    readers: Sequence[str], verdicts: Sequence[Mapping[str, str]], settings: AgreementSettings
) -> list[ReaderAgreement]:
    found = []
    for first, second in combinations(readers, 2):
        pairs = [(one[first], one[second]) for one in verdicts if first in one and second in one]
        same = Proportion.of([a == b for a, b in pairs], settings.confidence_level, settings.interval)
        kappa = cohen_kappa(pairs, settings.confidence_level)
        found.append(
            ReaderAgreement(first=first, second=second, same=same, kappa=kappa.value, low=kappa.low, high=kappa.high)
        )
    return found


def _disagreement(row: AnnotationRow, verdicts: Mapping[str, str]) -> Disagreement:
    return Disagreement(
        id=row.id,
        digest=row.digest,
        criterion=row.pair.aspect,
        language=row.pair.language,
        verdicts=dict(verdicts),
    )


def _model_accuracy(
    model: str | Path,
    rows: Mapping[str, AnnotationRow],
    verdicts: Mapping[str, Mapping[str, str]],
    settings: AgreementSettings,
) -> ModelAccuracy:
    from themis_rm.annotation.model_accuracy import measure_model

    right = [rows[digest].pair for digest, one in verdicts.items() if decide(one) and not rows[digest].reason]
    if not right:
        raise InputError("The readers called no label right, so a model cannot be compared with them.")
    return measure_model(model, right, settings)
