"""Export results for the Hugging Face hub: a model card's ``model-index``, and ``.eval_results/*.yaml``.

Both formats are written by ``huggingface_hub``. The first is part of a model card's metadata; the second
(https://huggingface.co/docs/hub/eval-results) feeds the leaderboard on a benchmark's dataset page. Its results name a
task of the dataset's ``eval.yaml``: :data:`OVERALL` or the benchmark name of a criterion, as written by
:func:`themis_rm.report.benchmark_export.export_benchmark`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import Field

from themis_rm.criteria import CRITERIA
from themis_rm.dataset.hub import RANKING_TASK
from themis_rm.errors import InputError, SettingError
from themis_rm.evaluation.results import Accuracies, EvaluationResults, RunInfo
from themis_rm.evaluation.statistics import Accuracy
from themis_rm.languages import benchmark_languages
from themis_rm.settings import Settings
from themis_rm.storage.atomic import write_text

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

OVERALL = "overall"
"""Task in ``eval.yaml`` with all pairs."""
MODEL_INDEX, EVAL_RESULTS = "model-index.yaml", ".eval_results"
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_REVISION = re.compile(r"[0-9a-f]{40}")


class HubExportSettings(Settings):
    """What the hub needs to know in addition to the results."""

    dataset: str = ""
    """Dataset repository of the benchmark (``owner/name``); required for eval results."""
    dataset_name: str = ""
    """Title of the benchmark; by default its name in the results."""
    revision: str = ""
    """Commit of the dataset repository that was evaluated (40 hexadecimal digits)."""
    model: str = ""
    """Name of the model in the index; by default its name in the results."""
    date: str = ""
    """Date of the evaluation (ISO 8601); by default the hub uses the date of the commit."""
    source_url: str = ""
    """URL of the full results."""
    source_name: str = ""
    """Title of that URL."""
    digits: int = Field(default=2, ge=0, le=6)
    """Decimals of percentages."""


def model_index(results: EvaluationResults, settings: HubExportSettings | None = None) -> list[dict[str, Any]]:
    """Return the value of ``model-index`` in a model card: accuracy overall, by criterion and by language.

    Each slice has two metrics with different names: accuracy with a tie counting half (the headline) and strict
    accuracy (a tie is wrong, as in published tables). Intervals, ties and failures are metric arguments; prompt mode
    and digest of the benchmark are dataset arguments.

    Args:
        results: Results of an evaluation.
        settings: See :class:`HubExportSettings`.

    Raises:
        InputError: The results have no intervals (a published file), or no pair has scores.
        SettingError: The hub does not accept a setting.
    """
    from huggingface_hub.repocard_data import eval_results_to_model_index

    settings = _validate(settings or HubExportSettings())
    accuracies, run = _require_accuracies(results)
    entries = list(_eval_results(accuracies, run, results, settings))
    return eval_results_to_model_index(settings.model or run.model, entries)


def eval_results(results: EvaluationResults, settings: HubExportSettings) -> list[dict[str, Any]]:
    """Return the entries of an ``.eval_results`` file: accuracy in percent (ties half), overall and by criterion.

    Args:
        results: Results of an evaluation.
        settings: Settings with ``dataset``.

    Raises:
        InputError: The results have no intervals (a published file), or no pair has scores.
        SettingError: ``dataset`` is empty, or the hub does not accept a setting.
    """
    from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

    settings = _validate(settings)
    if not settings.dataset:
        raise SettingError("Eval results need a dataset on the hub.", "Set dataset=owner/name.")
    accuracies, run = _require_accuracies(results)
    tasks = {OVERALL: accuracies.overall} | {
        row.benchmark_aspect: accuracies.by_criterion[row.benchmark_aspect]
        for row in CRITERIA
        if row.benchmark_aspect in accuracies.by_criterion
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
        for task, accuracy in tasks.items()
        if accuracy.value is not None
    ]
    return eval_result_entries_to_yaml(entries)


def export_results(results: str | Path, out: str | Path, settings: HubExportSettings | None = None) -> list[Path]:
    """Write the files that a model repository needs from a ``results.json``.

    ``model-index.yaml`` is the block for the metadata of the model card. With ``dataset``, a file in ``.eval_results``
    is written, named by benchmark and prompt mode, since the hub wants one file per evaluation configuration.

    Args:
        results: A ``results.json``.
        out: Output directory, such as a clone of the model's repository.
        settings: See :class:`HubExportSettings`.

    Returns:
        The written files.

    Raises:
        InputError: The results cannot be read, or have no intervals.
        SettingError: The hub does not accept a setting.
    """
    settings, out = settings or HubExportSettings(), Path(out)
    read = EvaluationResults.load(results)
    files = {out / MODEL_INDEX: _to_yaml({"model-index": model_index(read, settings)})}
    if settings.dataset:
        _, run = _require_accuracies(read)
        name = f"{settings.dataset.rpartition('/')[2].lower()}-{run.prompts}.yaml"
        files[out / EVAL_RESULTS / name] = _to_yaml(eval_results(read, settings))
    for path, text in files.items():
        write_text(path, text)
    return list(files)


def _to_yaml(values: Any) -> str:
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True)


def _validate(settings: HubExportSettings) -> HubExportSettings:
    if settings.dataset and not _REPOSITORY.fullmatch(settings.dataset):
        raise SettingError(f"'{settings.dataset}' is not a dataset repository.", "Use the form owner/name.")
    if settings.revision and not _REVISION.fullmatch(settings.revision):
        raise SettingError(f"'{settings.revision}' is not a commit.", "Give all 40 hexadecimal digits.")
    if settings.source_name and not settings.source_url:
        raise SettingError("source_name is set without source_url.", "Set source_url, too.")
    return settings


def _require_accuracies(results: EvaluationResults) -> tuple[Accuracies, RunInfo]:
    if results.accuracies is None or results.run is None:
        raise InputError("These results have no intervals.", "Evaluate the model with themis-rm.")
    if results.accuracies.overall.value is None:
        raise InputError(
            f"{results.run.model} is not evaluated: {results.failures() or 'there are no pairs'}.",
            "Evaluate it again once the cause is fixed.",
        )
    return results.accuracies, results.run


def _eval_results(
    accuracies: Accuracies, run: RunInfo, results: EvaluationResults, settings: HubExportSettings
) -> Iterator[EvalResult]:
    from huggingface_hub import EvalResult

    name = settings.dataset_name or run.benchmark
    facts = {"digest": run.benchmark_digest, "prompts": run.prompts}
    if run.prompt_digest:
        facts |= {"prompt_set": run.prompt_set, "prompt_digest": run.prompt_digest}
    for config, split, accuracy in _splits(accuracies):
        for title, value, args in _metrics(accuracy, run, results, settings.digits):
            yield EvalResult(
                task_type=RANKING_TASK,
                task_name="Choosing the better of two responses",
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


def _splits(accuracies: Accuracies) -> Iterator[tuple[str, str, Accuracy]]:
    """Yield configuration, split and accuracy, in the order of the tables."""
    yield "Full", "Full", accuracies.overall
    for row in CRITERIA:
        if row.benchmark_aspect in accuracies.by_criterion:
            yield "Stratified_Aspect", row.benchmark_aspect, accuracies.by_criterion[row.benchmark_aspect]
    for language in benchmark_languages():
        if language.benchmark_name in accuracies.by_language:
            yield "Stratified_Language", language.benchmark_name, accuracies.by_language[language.benchmark_name]


def _metrics(
    accuracy: Accuracy, run: RunInfo, results: EvaluationResults, digits: int
) -> Iterator[tuple[str, float, dict[str, Any]]]:
    if accuracy.value is None or accuracy.strict is None:
        return
    counts = {"pairs": accuracy.n, "ties": accuracy.ties, "failed": accuracy.failed}
    if results.counts is not None and accuracy == (results.accuracies and results.accuracies.overall):
        counts["truncated"] = results.counts.truncated
    interval = [round(100 * end, digits) for end in (accuracy.low, accuracy.high) if end is not None]
    half = {"ties": "half", "level": run.confidence_level, "interval": interval, "counts": counts}
    yield "Accuracy in percent, ties count half", round(100 * accuracy.value, digits), half
    yield "Strict accuracy in percent, ties are wrong", round(100 * accuracy.strict, digits), {"ties": "wrong"}


def _notes(accuracy: Accuracy, run: RunInfo, digits: int) -> str:
    notes = [f"criteria prompts: {run.prompts}", "accuracy in percent, ties count half"]
    if accuracy.strict is not None:
        notes.append(f"strict {100 * accuracy.strict:.{digits}f}")
    if accuracy.low is not None and accuracy.high is not None:
        ends = f"{100 * accuracy.low:.{digits}f} to {100 * accuracy.high:.{digits}f}"
        notes.append(f"{run.confidence_level:.0%} interval {ends}")
    notes.append(f"{accuracy.n} pairs, {accuracy.failed} failed")
    return "; ".join([*notes, f"benchmark digest {run.benchmark_digest[:16]}"])
