"""Training runs: from a recipe and a preference dataset to a checkpoint, resumed after an interruption."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from transformers import TrainingArguments
from transformers.utils.logging import disable_progress_bar

from themis_rm.errors import InputError, SettingError
from themis_rm.models.ngrams import NGramModel
from themis_rm.models.tokenizers import load_tokenizer
from themis_rm.prompts import PromptSet
from themis_rm.storage.atomic import remove, write_text
from themis_rm.storage.digests import stable_id
from themis_rm.storage.output_dir import prepare_output_dir
from themis_rm.training.backbone import build_model, open_backbone
from themis_rm.training.base_record import describe_base
from themis_rm.training.baselines import fit_baseline, measure_baselines
from themis_rm.training.best_checkpoint import stopped_step, tracks_best
from themis_rm.training.card_metadata import describe_dataset
from themis_rm.training.checks import check_backbone, check_export, check_processes
from themis_rm.training.data_warnings import data_warnings
from themis_rm.training.export import BASELINE, METADATA_FILE, ModelLayout, model_layout, save_reward_model
from themis_rm.training.head_training import FEATURES, HeadTrainer, head_base, save_head
from themis_rm.training.metrics import PairMetrics
from themis_rm.training.model_card import CARD, render_model_card
from themis_rm.training.monitoring import Limits, Monitor, start_warnings
from themis_rm.training.nonfinite import BATCH_FILE
from themis_rm.training.objective import keeps_ties, objective_weights
from themis_rm.training.pair_model import PairRewardModel
from themis_rm.training.precision import resolve_precision
from themis_rm.training.prompt_sets import find_prompt_set
from themis_rm.training.ranks import require_equal, wait_for_all
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.report import LOG_FILE, PAGE_FILE, REPORT_FILE, TrainReport
from themis_rm.training.reporting import TENSORBOARD, check_trackers, tracker_callbacks
from themis_rm.training.resume import checkpoint_step, find_resume_checkpoint, read_log
from themis_rm.training.sampling import sampling_groups
from themis_rm.training.splits import PreferenceSplits, Split, find_splits
from themis_rm.training.token_cache import TOKENS_LAYOUT, TokenizationCounts, TokenizedPairs, load_or_tokenize
from themis_rm.training.tokenization import PairEncoder
from themis_rm.training.tokenizers import load_recipe_tokenizer, pad_token_id, save_bpe_tokenizer
from themis_rm.training.trainer import PairTrainer, training_arguments
from themis_rm.training.write_errors import named_write_errors

OUTPUTS = (
    "model",
    "tokens",
    "tokenizer",
    FEATURES,
    "checkpoints",
    LOG_FILE,
    TENSORBOARD,
    BATCH_FILE,
    REPORT_FILE,
    PAGE_FILE,
)
"""Files and directories that a run writes into its output directory."""
# Settings that may differ between the parts of an interrupted run.
_LOCAL = {"data", "num_threads"}
"""Settings that may differ between the processes of a run."""
_NOT_COMPARED = {"run_name", "data", "num_processes", "keep_checkpoint", "num_threads", "report_to"}


@dataclass(frozen=True)
class PreparedData:
    """Tokenized dataset of a run.

    Attributes:
        splits: Files of the dataset.
        digest: SHA-256 of their contents.
        tokenizer: Hugging Face tokenizer.
        pair_encoder: Encoder that tokenized the rows.
        pad_token_id: Token to pad with.
        counts: Split -> row counts.
    """

    splits: PreferenceSplits
    digest: str
    tokenizer: Any
    pair_encoder: PairEncoder
    pad_token_id: int
    counts: dict[Split, TokenizationCounts]


def train(
    recipe: TrainRecipe | str | Path | Mapping[str, Any],
    data: str | Path | None = None,
    out: str | Path = "out",
    overrides: Mapping[str, Any] | None = None,
) -> TrainReport:
    """Train a reward model, and fit the n-gram baseline on the same rows.

    Writes ``out/model`` (the checkpoint, atomically, with a model card, and the baseline in ``baselines/ngrams``),
    ``out/log.jsonl`` and ``out/training_report.json``; ``out/tokens`` and ``out/checkpoints`` are for resuming. A run
    that was killed at any moment and is called again with the same arguments ends with the same weights, bit for bit on
    a CPU with the same number of threads.

    Args:
        recipe: Recipe object, mapping, YAML file, or name of a recipe of this package (``stage2``).
        data: Preference dataset: Parquet file, directory, or Hub name; by default the recipe's ``data``.
        out: Output directory of the run.
        overrides: Dotted keys and values that replace those of the recipe.

    Raises:
        UserError: The recipe, the dataset or the backbone cannot be used, or ``out`` contains another run.
    """
    recipe = resolve_precision(TrainRecipe.resolve(recipe, overrides, "recipe"))
    data = data or recipe.data
    if not data:
        raise SettingError("The recipe does not name a dataset.", "Set --data DIR, or data=DIR.")
    out = Path(out)
    splits, process = start_run(recipe, data, out)
    return _train(recipe, splits, out, process, data)


def start_run(recipe: TrainRecipe, data: str | Path, out: Path) -> tuple[PreferenceSplits, TrainingArguments]:
    """Check what needs no tokenizer or backbone, and start the process group of torchrun.

    Args:
        recipe: The training recipe.
        data: Preference dataset.
        out: Output directory of the run.

    Returns:
        The files of the dataset, and the arguments of this process.

    Raises:
        UserError: The recipe does not fit the installation, the processes or the dataset.
    """
    objective_weights(recipe)  # unknown loss terms are reported before the dataset is tokenized
    check_trackers(recipe.report_to)
    disable_progress_bar()  # of transformers, for reading and writing files
    if recipe.num_threads:
        torch.set_num_threads(recipe.num_threads)
    splits = find_splits(data, recipe.validation_fraction, recipe.reader_settings())
    process = _start_process_group(out)
    check_processes(recipe, process)
    return splits, process


def _train(
    recipe: TrainRecipe, splits: PreferenceSplits, out: Path, process: TrainingArguments, data: str | Path
) -> TrainReport:
    started = time.monotonic()
    digest = splits.digest()
    require_equal({"dataset": digest, "recipe": stable_id(recipe.model_dump_json(exclude=_LOCAL))})
    with process.main_process_first(local=False, desc="tokenization"):
        prepare_output_dir(out, "train", job_settings(recipe, digest), outputs=OUTPUTS)
        if (out / REPORT_FILE).is_file() and (out / "model" / METADATA_FILE).is_file():
            return TrainReport.load(out)
        prompts = find_prompt_set(recipe.prompt_set, Path(data), splits)
        prepared = prepare_data(recipe, splits, digest, out)
        checkpoint = find_resume_checkpoint(out)
        remove(out / BATCH_FILE)
    pairs = _pairs(recipe, prepared, out, data)
    run = _Run(recipe, prepared, pairs, prompts, data, out, started)
    if recipe.head_fit is not None:
        return _train_head(run, process)
    base = None
    if process.process_index == 0 and recipe.backbone.name:
        base = describe_base(recipe.backbone, open_backbone(recipe.backbone))
    model = build_model(recipe, prepared.tokenizer, prepared.pad_token_id)
    if checkpoint is None and process.process_index == 0:
        check_export(model, prepared.tokenizer, recipe, prompts, out / "trial")
    # A run that stopped early takes no further step.
    steps = stopped_step(checkpoint, recipe) or recipe.total_steps(len(pairs["train"]))
    trainer = _build_trainer(recipe, steps, model, prepared, pairs, out)
    for tracker in tracker_callbacks(recipe.report_to, out, checkpoint_step(checkpoint), process.process_index == 0):
        trainer.add_callback(tracker)
    tokens_per_second = _fit(trainer, prepared.counts["train"], checkpoint)
    report = _report(trainer, prepared, pairs, out, tokens_per_second)
    # Every process takes part: shards are gathered here.
    state = trainer.accelerator.get_state_dict(trainer.model) if trainer.is_fsdp_enabled else None
    if trainer.is_world_process_zero():
        save = partial(
            save_reward_model,
            trainer.pair_model,
            prepared.tokenizer,
            report.checkpoint,
            recipe=recipe,
            state=state,
        )
        layout = model_layout(trainer.pair_model, recipe)
        _export(run, report.model_copy(update={"base": base}), layout, save)
        if not recipe.keep_checkpoint:
            remove(out / "checkpoints")
    trainer.accelerator.wait_for_everyone()
    return TrainReport.load(out)


@dataclass(frozen=True)
class _Run:
    """What a run trains on, and where it writes; ``started`` is a value of ``time.monotonic``."""

    recipe: TrainRecipe
    prepared: PreparedData
    pairs: Mapping[Split, TokenizedPairs]
    prompts: PromptSet
    data: str | Path
    out: Path
    started: float


def _train_head(run: _Run, process: TrainingArguments) -> TrainReport:
    """Fit a head to frozen hidden states; the features of an interrupted run are kept."""
    recipe, prepared, pairs = run.recipe, run.prepared, run.pairs
    trainer = HeadTrainer(recipe, open_backbone(recipe.backbone), pairs, run.out)
    base = describe_base(*head_base(recipe.backbone, trainer.checkpoint)) if process.process_index == 0 else None
    tokens_per_second = trainer.compute(process.process_index, process.world_size)
    if process.process_index == 0:
        fit = trainer.fit()
        results: dict[Split, PairMetrics] = {split: trainer.metrics(fit, split) for split in pairs}
        head_size = fit.weight.size + fit.bias.size
        report = TrainReport(
            checkpoint=run.out / "model",
            steps=fit.iterations,
            parameters=trainer.backbone_weights() + head_size,
            trained_parameters=head_size,
            **_facts(prepared, pairs, results),
            head_fit=trainer.result(fit),
            base=base,
            seconds=0.0,
            tokens_per_second=tokens_per_second,
        )
        save = partial(save_head, report.checkpoint, trainer, fit, tokenizer=prepared.tokenizer)
        _export(run, report, trainer.model_layout(), save)
    wait_for_all()
    return TrainReport.load(run.out)


def _export(run: _Run, report: TrainReport, layout: ModelLayout, save: Callable[..., None]) -> None:
    """Write the checkpoint with its baseline and card, and then the report.

    Args:
        run: The run.
        report: Its report without baselines.
        layout: Who can load the checkpoint.
        save: Writes the checkpoint; called with ``prompts``, ``training`` and ``complete``.
    """
    ngrams = fit_baseline(run.prepared.splits)
    report = _with_baselines(report, run.prepared, run.pairs["validation"], run.recipe, ngrams)
    metadata = _metadata(run.recipe, report, run.prepared.pair_encoder)
    card = render_model_card(report, run.recipe, describe_dataset(run.data), run.prompts, metadata, layout)
    with named_write_errors(report.checkpoint):
        save(prompts=run.prompts, training=metadata, complete=partial(_complete, ngrams, card))
    report.model_copy(update={"seconds": time.monotonic() - run.started}).save(run.out / REPORT_FILE)


def _complete(ngrams: NGramModel | None, card: str, folder: Path) -> None:
    """Write the n-gram baseline and the model card into the directory of a checkpoint."""
    if ngrams is not None:
        ngrams.save(folder / BASELINE)
    write_text(folder / CARD, card)


def _start_process_group(out: Path) -> TrainingArguments:
    # Creating the arguments starts the process group of torchrun.
    return TrainingArguments(
        output_dir=str(out / "checkpoints"), use_cpu=not torch.cuda.is_available(), report_to=[], ddp_timeout=6 * 3600
    )


def job_settings(recipe: TrainRecipe, digest: str) -> str:
    """Return what an interrupted run must have in common with the run that resumes it, as JSON."""
    values = recipe.model_dump(mode="json", exclude=_NOT_COMPARED)
    return json.dumps({"recipe": values, "data_hash": digest}, indent=2, sort_keys=True)


def prepare_data(recipe: TrainRecipe, splits: PreferenceSplits, digest: str, out: Path) -> PreparedData:
    """Load or train the tokenizer, and tokenize both splits into ``out/tokens`` unless that is done.

    Args:
        recipe: The training recipe.
        splits: Files of the dataset.
        digest: SHA-256 of their contents.
        out: Output directory of the run.

    Raises:
        CheckpointError: The tokenizer cannot be loaded or used.
        SettingError: The chat template does not support system messages and ``system_role`` is ``error``.
    """
    tokenizer = _tokenizer(recipe, splits, out)
    choice = recipe.tokenizer.chat_template
    pair_encoder = PairEncoder(
        tokenizer,
        recipe.max_length,
        recipe.overflow,
        recipe.system_role,
        choice,
        criteria_prompts=recipe.head_fit is None,
    )
    tokenizer.chat_template = pair_encoder.renderer.template.source  # the checkpoint has this one only
    pad = pad_token_id(tokenizer, pair_encoder.closing_token())
    check_backbone(recipe, tokenizer, pad, out)
    keep_ties = keeps_ties(objective_weights(recipe))
    key = stable_id(
        TOKENS_LAYOUT,
        digest,
        tokenizer.backend_tokenizer.to_str(),
        tokenizer.chat_template,
        json.dumps(pair_encoder.renderer.facts()),
        str(recipe.max_length),
        recipe.overflow,
        recipe.system_role,
        str(keep_ties),
        str(recipe.head_fit is None),
    )
    counts = load_or_tokenize(splits, pair_encoder, out / "tokens", key, keep_ties=keep_ties)
    return PreparedData(splits, digest, tokenizer, pair_encoder, pad, counts)


def _tokenizer(recipe: TrainRecipe, splits: PreferenceSplits, out: Path) -> Any:
    settings = recipe.tokenizer.train_bpe
    if settings is None:
        return load_recipe_tokenizer(recipe)
    folder = out / "tokenizer"
    if not folder.is_dir():
        save_bpe_tokenizer(folder, lambda: splits.rows("train"), settings, recipe.max_length)
    return load_tokenizer(str(folder))


def _pairs(recipe: TrainRecipe, prepared: PreparedData, out: Path, data: str | Path) -> dict[Split, TokenizedPairs]:
    pairs: dict[Split, TokenizedPairs] = {
        "train": TokenizedPairs(out / "tokens" / "train.arrow"),
        "validation": TokenizedPairs(out / "tokens" / "validation.arrow"),
    }
    if not len(pairs["train"]):
        raise InputError(
            f"{data} has no pair to train on.",
            f"Dropped rows: {prepared.counts['train'].dropped or 'none'}; "
            f"validation rows: {prepared.counts['validation'].read}.",
        )
    if recipe.sampling:
        sampling_groups(pairs["train"], recipe.sampling)  # reports a missing column before the model is built
    if tracks_best(recipe) and not (len(pairs["validation"]) and recipe.max_eval_samples):
        raise SettingError(
            "load_best_model_at_end and early_stopping_patience need evaluations, but there are no validation pairs.",
            "Add a validation split, or set validation_fraction and max_eval_samples.",
        )
    return pairs


def _build_trainer(
    recipe: TrainRecipe,
    steps: int,
    model: PairRewardModel,
    prepared: PreparedData,
    pairs: Mapping[Split, TokenizedPairs],
    out: Path,
) -> PairTrainer:
    args = training_arguments(recipe, out / "checkpoints", steps)
    apply_liger_kernel(model, recipe)
    log_file = out / LOG_FILE
    monitor = Monitor(Limits.of(recipe, steps))
    monitor.replay(read_log(log_file))
    trainer = PairTrainer(
        model,
        recipe,
        args,
        pairs["train"],
        pairs["validation"],
        pad_token_id=prepared.pad_token_id,
        monitor=monitor,
        log_file=log_file,
    )
    found = start_warnings(prepared.tokenizer, prepared.pad_token_id, model.lost_head)
    found |= data_warnings(recipe, prepared.counts["train"], trainer.groups, steps)
    for name, message in found.items():
        if not monitor.has(name):
            trainer.warn(monitor.add(name, message))
    return trainer


def apply_liger_kernel(model: PairRewardModel, recipe: TrainRecipe) -> None:
    """Replace modules of the backbone by liger-kernel's, if enabled, installed and on a GPU.

    Its fused cross-entropy is not used, because it would compute the loss at all positions.
    """
    if not (recipe.use_liger_kernel and torch.cuda.is_available() and find_spec("liger_kernel")):
        return
    from liger_kernel.transformers import _apply_liger_kernel_to_instance

    _apply_liger_kernel_to_instance(model=model.backbone, cross_entropy=False, fused_linear_cross_entropy=False)


def _fit(trainer: PairTrainer, counts: TokenizationCounts, checkpoint: Path | None) -> float:
    """Train from a checkpoint or from the start; return the tokens per second."""
    started = time.monotonic()
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    steps = trainer.state.global_step - checkpoint_step(checkpoint)
    return steps * trainer.recipe.global_batch_size * counts.tokens / counts.kept / (time.monotonic() - started)


def _report(
    trainer: PairTrainer,
    prepared: PreparedData,
    pairs: Mapping[Split, TokenizedPairs],
    out: Path,
    tokens_per_second: float,
) -> TrainReport:
    exported_step = trainer.load_best()
    results: dict[Split, PairMetrics] = {
        "validation": trainer.final_metrics(exported_step),
        "train": trainer.evaluate_pairs(trainer.train_dataset),
    }
    return TrainReport(
        checkpoint=out / "model",
        steps=trainer.state.global_step,
        exported_step=exported_step,
        parameters=trainer.num_parameters,
        trained_parameters=trainer.num_trained,
        **_facts(prepared, pairs, results),
        draws=trainer.draws(),
        warnings=trainer.monitor.warnings if trainer.monitor else [],
        seconds=0.0,
        tokens_per_second=tokens_per_second,
    )


def _facts(
    prepared: PreparedData, pairs: Mapping[Split, TokenizedPairs], results: Mapping[Split, PairMetrics]
) -> dict[str, Any]:
    """Return the fields of a report about the data and the metrics."""
    return {
        "data_hash": prepared.digest,
        "format": prepared.splits.format,
        "train": prepared.counts["train"],
        "validation": prepared.counts["validation"],
        "metrics": {split: result.overall for split, result in results.items()},
        "by_criterion": {split: result.by_criterion for split, result in results.items()},
        "by_language": {split: result.by_language for split, result in results.items()},
        "rows": {split: counts for split, of in pairs.items() if (counts := of.counts())},
        "length_percentiles": pairs["train"].length_percentiles(),
    }


def _with_baselines(
    report: TrainReport, prepared: PreparedData, pairs: TokenizedPairs, recipe: TrainRecipe, ngrams: NGramModel | None
) -> TrainReport:
    """Return the report with the metrics of the baselines on the validation pairs that the model is evaluated on."""
    rows = prepared.splits.rows("validation")
    found = measure_baselines(rows, pairs, pairs.sample(recipe.max_eval_samples), ngrams)
    return report.model_copy(
        update={
            "baselines": {name: result.overall for name, result in found.items()},
            "baselines_by_criterion": {name: result.by_criterion for name, result in found.items()},
        }
    )


def _metadata(recipe: TrainRecipe, report: TrainReport, pair_encoder: PairEncoder) -> dict[str, Any]:
    return {
        "name": recipe.run_name,
        "data_hash": report.data_hash,
        "train": asdict(report.train),
        "validation": asdict(report.validation),
        "steps": report.steps,
        "exported_step": report.exported_step,
        "parameters": report.parameters,
        "trained_parameters": report.trained_parameters,
        "metrics": report.metrics,
        "by_criterion": report.by_criterion,
        "baselines": report.baselines,
        "base": report.base.model_dump(mode="json") if report.base else None,
        "rows": report.rows,
        "draws": {name: asdict(draws) for name, draws in report.draws.items()},
        "max_length": recipe.max_length,
        "system_message": "prepended" if pair_encoder.prepends_system else "native",
        "versions": {name: version(name) for name in ("themis-rm", "torch", "transformers", "tokenizers")},
    }
