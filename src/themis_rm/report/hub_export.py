"""Results as the Hugging Face hub reads them: a model card's ``model-index``, and ``.eval_results/*.yaml``.

Both formats are written by ``huggingface_hub``. The first is what model cards have carried for years; the second
(https://huggingface.co/docs/hub/eval-results) feeds the leaderboard of a benchmark's dataset page. There a result names
a task of the dataset's ``eval.yaml``; :data:`OVERALL` and the criteria's benchmark names are those that
:func:`themis_rm.report.benchmark_export.export_benchmark` writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import Field

from themis_rm.criteria import CRITERIA
from themis_rm.errors import InputError, SettingError
from themis_rm.evaluation.results import Accuracies, EvaluationResults, RunInfo
from themis_rm.evaluation.statistics import Accuracy
from themis_rm.languages import benchmark_languages
from themis_rm.settings import Settings
from themis_rm.storage.atomic import write_text

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

TASK = "text-ranking"
"""The hub's task of a model that says which of two answers is better."""
OVERALL = "overall"
"""Task of all pairs in ``eval.yaml``."""
MODEL_INDEX, EVAL_RESULTS = "model-index.yaml", ".eval_results"
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_REVISION = re.compile(r"[0-9a-f]{40}")


class HubExportSettings(Settings):
    """What the hub has to be told that results do not know."""

    dataset: str = ""
    """Dataset repository of the benchmark (``owner/name``); eval results cannot do without."""
    dataset_name: str = ""
    """How people call the benchmark; by default its name in the results."""
    revision: str = ""
    """Commit of that repository that the results were made on (40 hex digits)."""
    model: str = ""
    """Name of the model in the index; by default its name in the results."""
    date: str = ""
    """When the evaluation was run (ISO 8601); the hub takes the date of the commit otherwise."""
    source_url: str = ""
    """Where the results can be looked at."""
    source_name: str = ""
    """What to call that place."""
    digits: int = Field(default=2, ge=0, le=6)
    """Digits of percentages after the point."""


def model_index(results: EvaluationResults, settings: HubExportSettings | None = None) -> list[dict[str, Any]]:
    """Return the value of ``model-index`` in a model card: accuracy overall, by criterion and by language.

    Each cut carries two metrics that are told apart by name: accuracy with ties counted half (the headline) and strict
    accuracy (a tie is wrong, as published tables have it). Intervals, ties and failures are in their arguments; prompt
    mode and digest of the benchmark are in the dataset's.

    Args:
        results: Of an evaluation.
        settings: See :class:`HubExportSettings`.

    Raises:
        InputError: The results have no intervals (a published file).
        SettingError: A setting is not what the hub takes.
    """
    from huggingface_hub.repocard_data import eval_results_to_model_index

    settings = _checked(settings or HubExportSettings())
    accuracies, run = _ours(results)
    found = list(_eval_results(accuracies, run, results, settings))
    return eval_results_to_model_index(settings.model or run.model, found)


def eval_results(results: EvaluationResults, settings: HubExportSettings) -> list[dict[str, Any]]:
    """Return the entries of an ``.eval_results`` file: percentages with ties counted half, overall and by criterion.

    Args:
        results: Of an evaluation.
        settings: With ``dataset``.

    Raises:
        InputError: The results have no intervals (a published file).
        SettingError: There is no dataset, or a setting is not what the hub takes.
    """
    from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

    settings = _checked(settings)
    if not settings.dataset:
        raise SettingError("Eval results name a dataset of the hub.", "Give dataset=owner/name.")
    accuracies, run = _ours(results)
    cuts = {OVERALL: accuracies.overall} | {
        row.benchmark_aspect: accuracies.by_aspect[row.benchmark_aspect]
        for row in CRITERIA
        if row.benchmark_aspect in accuracies.by_aspect
    }
    entries = [
        EvalResultEntry(
            dataset_id=settings.dataset,
            task_id=task,
            value=round(100 * accuracy.value, settings.digits),
            dataset_revision=settings.revision or None,
            date=settings.date or None,
            source_url=settings.source_url or None,
            source_name=settings.source_name or None,
            notes=_notes(accuracy, run, settings.digits),
        )
        for task, accuracy in cuts.items()
        if accuracy.value is not None
    ]
    return eval_result_entries_to_yaml(entries)


def export_results(results: Path, out: Path, settings: HubExportSettings) -> list[Path]:
    """Write what a model repository needs of a ``results.json``.

    ``model-index.yaml`` holds the block for the header of the model card. With ``dataset``, a file in ``.eval_results``
    is named by benchmark and prompt mode, since the hub wants each way of evaluating in a file of its own.

    Args:
        results: A ``results.json``.
        out: Folder, such as a clone of the model's repository.
        settings: See :class:`HubExportSettings`.

    Returns:
        The files written.

    Raises:
        InputError: The results cannot be read, or have no intervals.
        SettingError: A setting is not what the hub takes.
    """
    read = EvaluationResults.load(results)
    files = {out / MODEL_INDEX: _yaml({"model-index": model_index(read, settings)})}
    if settings.dataset:
        _, run = _ours(read)
        name = f"{settings.dataset.rpartition('/')[2].lower()}-{run.prompts}.yaml"
        files[out / EVAL_RESULTS / name] = _yaml(eval_results(read, settings))
    for path, text in files.items():
        write_text(path, text)
    return list(files)


def _yaml(values: Any) -> str:
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True)


def _checked(settings: HubExportSettings) -> HubExportSettings:
    if settings.dataset and not _REPOSITORY.fullmatch(settings.dataset):
        raise SettingError(f"'{settings.dataset}' is no dataset repository.", "It has the form owner/name.")
    if settings.revision and not _REVISION.fullmatch(settings.revision):
        raise SettingError(f"'{settings.revision}' is no commit.", "Give all 40 hex digits of the revision.")
    if settings.source_name and not settings.source_url:
        raise SettingError("A source has a name but no place.", "Give source_url too.")
    return settings


def _ours(results: EvaluationResults) -> tuple[Accuracies, RunInfo]:
    if results.accuracies is None or results.run is None:
        raise InputError("These results have no intervals and no run.", "Evaluate the model with themis-rm.")
    return results.accuracies, results.run


def _eval_results(
    accuracies: Accuracies, run: RunInfo, results: EvaluationResults, settings: HubExportSettings
) -> Iterator[EvalResult]:
    from huggingface_hub import EvalResult

    name = settings.dataset_name or run.benchmark
    facts = {"digest": run.benchmark_digest, "prompts": run.prompts}
    if run.prompt_digest:
        facts |= {"prompt_set": run.prompt_set, "prompt_digest": run.prompt_digest}
    for config, split, accuracy in _cuts(accuracies):
        for title, value, args in _metrics(accuracy, run, results, settings.digits):
            yield EvalResult(
                task_type=TASK,
                task_name="Choosing the better of two answers",
                dataset_type=settings.dataset or run.benchmark,
                dataset_name=name if config == "Full" else f"{name} ({split})",
                dataset_config=config,
                dataset_split=split,
                dataset_revision=settings.revision or None,
                dataset_args=facts,
                metric_type="accuracy",
                metric_name=title,
                metric_value=value,
                metric_args=args,
                source_name=settings.source_name or None,
                source_url=settings.source_url or None,
            )


def _cuts(accuracies: Accuracies) -> Iterator[tuple[str, str, Accuracy]]:
    """Yield configuration, split and figures, in the order of the tables."""
    yield "Full", "Full", accuracies.overall
    for row in CRITERIA:
        if row.benchmark_aspect in accuracies.by_aspect:
            yield "Stratified_Aspect", row.benchmark_aspect, accuracies.by_aspect[row.benchmark_aspect]
    for spoken in benchmark_languages():
        if spoken.benchmark_name in accuracies.by_language:
            yield "Stratified_Language", spoken.benchmark_name, accuracies.by_language[spoken.benchmark_name]


def _metrics(
    accuracy: Accuracy, run: RunInfo, results: EvaluationResults, digits: int
) -> Iterator[tuple[str, float, dict[str, Any]]]:
    if accuracy.value is None or accuracy.strict is None:
        return
    counts = {"pairs": accuracy.n, "ties": accuracy.ties, "failed": accuracy.failed}
    if results.counts is not None and accuracy == (results.accuracies and results.accuracies.overall):
        counts["truncated"] = results.counts.truncated
    interval = [round(100 * end, digits) for end in (accuracy.low, accuracy.high) if end is not None]
    half = {"ties": "half", "level": run.level, "interval": interval, "counts": counts}
    yield "Accuracy in percent, ties count half", round(100 * accuracy.value, digits), half
    yield "Strict accuracy in percent, ties are wrong", round(100 * accuracy.strict, digits), {"ties": "wrong"}


def _notes(accuracy: Accuracy, run: RunInfo, digits: int) -> str:
    told = [f"criteria prompts: {run.prompts}", "accuracy in percent, ties count half"]
    if accuracy.strict is not None:
        told.append(f"strict {100 * accuracy.strict:.{digits}f}")
    if accuracy.low is not None and accuracy.high is not None:
        ends = f"{100 * accuracy.low:.{digits}f} to {100 * accuracy.high:.{digits}f}"
        told.append(f"{run.level:.0%} interval {ends}")
    told.append(f"{accuracy.n} pairs, {accuracy.failed} failed")
    return "; ".join([*told, f"benchmark digest {run.benchmark_digest[:16]}"])
