"""The model card of a training run: Markdown with the metadata that the Hugging Face hub reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from themis_rm.criteria import CRITERIA
from themis_rm.dataset.hub import RANKING_TASK
from themis_rm.errors import SettingError
from themis_rm.markdown import markdown_environment
from themis_rm.prompts import PromptSet
from themis_rm.training.card_metadata import DatasetRecord
from themis_rm.training.export import ModelLayout
from themis_rm.training.metrics import LEVEL, Metrics
from themis_rm.training.objective import objective_weights
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.report import TrainReport

CARD = "README.md"


def render_model_card(
    report: TrainReport,
    recipe: TrainRecipe,
    dataset: DatasetRecord,
    prompts: PromptSet,
    metadata: Mapping[str, Any],
    layout: ModelLayout,
) -> str:
    """Return the text of the card; every figure in it is from the report.

    Args:
        report: Report of the run.
        recipe: Its recipe.
        dataset: What is known about the dataset.
        prompts: Criteria prompts of the training data.
        metadata: Content of ``training.json``: versions, and how system messages are rendered.
        layout: Who can load the model.
    """
    template = markdown_environment("themis_rm.training", "").get_template("model_card.md.j2")
    return template.render(
        front_matter=front_matter(report, recipe, dataset, layout),
        report=report,
        recipe=recipe,
        dataset=dataset,
        prompts=prompts,
        criteria_prompts=dict(_criteria_prompts(prompts)),
        metadata=metadata,
        layout=layout,
        groups=list(_groups(report)),
        level=LEVEL,
        accuracy=_accuracy,
        dtype={"fp64": "float32", "fp32": "float32", "bf16": "bfloat16"}[recipe.precision],
        loss=" + ".join(f"{weight:g} {name}" for name, weight in objective_weights(recipe).items() if weight),
        versions=", ".join(f"{name} {number}" for name, number in metadata["versions"].items()),
    )


def front_matter(report: TrainReport, recipe: TrainRecipe, dataset: DatasetRecord, layout: ModelLayout) -> str:
    """Return the YAML metadata block of the card.

    It names no license: that of a trained model is the choice of who publishes it, within those of backbone and data,
    which the card lists.
    """
    library = "themis-rm" if not layout.in_transformers else "peft" if layout.adapter else "transformers"
    data: dict[str, Any] = {"library_name": library, "pipeline_tag": "text-classification"}
    if report.base is not None and report.base.hub_id:
        data["base_model"] = report.base.hub_id
        data["base_model_relation"] = "adapter" if layout.adapter else "finetune"
    if dataset.hub_id:
        data["datasets"] = [dataset.hub_id]
    data["tags"] = [
        "reward-model",
        "code",
        "preference",
        "themis-rm",
        *(["lora"] if recipe.peft is not None and layout.adapter else []),
    ]
    if index := model_index(report, recipe, dataset):
        data["model-index"] = index
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)


def model_index(report: TrainReport, recipe: TrainRecipe, dataset: DatasetRecord) -> list[dict[str, Any]]:
    """Return the value of ``model-index``: accuracies on the validation pairs; empty if there were none."""
    from huggingface_hub import EvalResult
    from huggingface_hub.repocard_data import eval_results_to_model_index

    results = [
        EvalResult(
            task_type=RANKING_TASK,
            task_name="Choosing the better of two responses",
            dataset_type=dataset.hub_id or dataset.name,
            dataset_name=dataset.name if group == "all" else f"{dataset.name} ({group})",
            dataset_config=group,
            dataset_split="validation",
            dataset_args={"digest": report.data_hash},
            metric_type="accuracy",
            metric_name="Accuracy in percent, ties count half",
            metric_value=_percent(metrics["accuracy"]),
            metric_args={
                "ties": "half",
                "level": LEVEL,
                "interval": [_percent(metrics["low"]), _percent(metrics["high"])],
                "counts": {"pairs": int(metrics["n"]), "failed": int(metrics.get("failed", 0))},
            },
        )
        for group, metrics, _ in _groups(report)
    ]
    return eval_results_to_model_index(recipe.run_name, results) if results else []


def _groups(report: TrainReport) -> Iterator[tuple[str, Metrics, dict[str, Metrics]]]:
    """Yield the name of a group of validation pairs, the metrics of the model, and those of the baselines."""
    overall = report.metrics.get("validation", {})
    if "accuracy" in overall:
        yield "all", overall, report.baselines
    for name, metrics in report.by_criterion.get("validation", {}).items():
        if "accuracy" in metrics:
            found = {b: of[name] for b, of in report.baselines_by_criterion.items() if name in of}
            yield name, metrics, found


def _criteria_prompts(prompts: PromptSet) -> Iterator[tuple[str, str]]:
    for row in CRITERIA:
        try:
            yield row.training_aspect, prompts.render([row])
        except SettingError:  # a set that is read from a dataset may lack criteria
            continue


def _percent(share: float) -> float:
    return round(100 * share, 2)


def _accuracy(metrics: Metrics | None) -> str:
    """Return an accuracy with its interval, or nothing if none was measured."""
    if not metrics or "accuracy" not in metrics:
        return ""
    return "{accuracy:.1f} ({low:.1f} to {high:.1f})".format(
        **{key: 100 * metrics[key] for key in ("accuracy", "low", "high")}
    )
