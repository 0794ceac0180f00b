"""Options that several verbs share, so that they have one name, one metavar and one help text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from themis_rm.cli import completion
from themis_rm.cli.verbs import EXECUTOR, EXECUTOR_TYPE

MODEL_PANEL = "Model"

Out = Annotated[
    Path,
    typer.Option("--out", "-o", metavar="DIR", help="Output directory. An interrupted job resumes from it."),
]
TrainingRecipe = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE",
        help="YAML file, or name of a recipe (stage1, stage2, tiny).",
        autocompletion=completion.training_recipes,
    ),
]
Model = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        metavar="MODEL",
        help="Checkpoint directory, name on the Hub, themis-nano, or baseline (length, random).",
        autocompletion=completion.models,
    ),
]
OptionalModel = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="MODEL",
        help="Checkpoint directory, name on the Hub, or baseline; default: themis-nano, the model in this package.",
        autocompletion=completion.models,
    ),
]
BenchmarkName = Annotated[
    str,
    typer.Option(
        "--benchmark",
        "-b",
        metavar="PATH",
        help="Benchmark file or directory, 'authored', or an external benchmark by name.",
    ),
]
Prompts = Annotated[
    str | None,
    typer.Option("--prompts", metavar="MODE", help="Criteria prompts of the model: none, all or own (the pair's)."),
]
Limit = Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="Use only the first N inputs.")]
SampleSize = Annotated[
    int | None,
    typer.Option("--limit", metavar="N", min=1, help="Score only N pairs, evenly spaced over the benchmark."),
]
Device = Annotated[
    str | None,
    typer.Option("--device", metavar="DEVICE", help="auto, cpu, cuda or cuda:N.", rich_help_panel=MODEL_PANEL),
]
DType = Annotated[
    str | None,
    typer.Option(
        "--dtype", metavar="DTYPE", help="auto, fastest, float32, bfloat16 or float16.", rich_help_panel=MODEL_PANEL
    ),
]
BatchTokens = Annotated[
    int | None,
    typer.Option(
        "--batch-tokens", metavar="N", min=1, help="Largest number of tokens in a batch.", rich_help_panel=MODEL_PANEL
    ),
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", min=1, help="Tasks that run in parallel; default: one per core, at most 8."),
]
Executor = Annotated[
    str | None, typer.Option("--executor", metavar="TYPE", help="Where the tasks run: local, ray or slurm.")
]

DataFormat = Annotated[
    str | None,
    typer.Option("--format", metavar="NAME", help="Format of the rows; by default found by their columns."),
]
LanguageFilter = Annotated[
    list[str] | None,
    typer.Option("--language", metavar="NAME", help="Keep only rows in this programming language; repeatable."),
]
AspectFilter = Annotated[
    list[str] | None, typer.Option("--aspect", metavar="NAME", help="Keep only rows of this criterion; repeatable.")
]


def data_flags(form: str | None, language: list[str] | None, aspect: list[str] | None) -> dict[str, Any]:
    """Return the settings that the options of preference data change."""
    return {"format": form, "language": language or None, "aspect": aspect or None}


def executor_flags(executor: str | None, workers: int | None) -> dict[str, Any]:
    """Return the settings that the options of a data stage change."""
    return {EXECUTOR_TYPE: executor, f"{EXECUTOR}.workers": workers}


def model_flags(device: str | None, dtype: str | None, batch_tokens: int | None) -> dict[str, Any]:
    """Return the settings that the options of a model change."""
    return {"model.device": device, "model.dtype": dtype, "model.batch_tokens": batch_tokens}
