"""One training run from a recipe and a dataset to a checkpoint; called again after a kill it goes on."""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
import time
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from transformers import TrainingArguments
from transformers.utils.logging import disable_progress_bar

from themis_rm.criteria import CRITERIA
from themis_rm.errors import InputError, SettingError
from themis_rm.pipeline import StageReport
from themis_rm.prompts import PromptSet, built_in
from themis_rm.storage.atomic import write_text
from themis_rm.training.backbone import build_model
from themis_rm.training.checkpoints import last_complete
from themis_rm.training.corpus import Corpus, Counts, TokenPairs, cached_tokens, find_corpus
from themis_rm.training.export import save_reward_model
from themis_rm.training.model import RewardModel
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.tokenization import PairEncoder
from themis_rm.training.tokenizers import learn_bpe, load_tokenizer, pad_token_id, sample_texts
from themis_rm.training.trainer import PairTrainer, arguments


@dataclass
class TrainReport:
    """What a run did.

    Attributes:
        model: Folder of the checkpoint.
        steps: Updates made, over all sittings.
        parameters: Weights of the backbone and the head.
        data_hash: SHA-256 of the dataset.
        train: Counts of the training split (read, kept, truncated, tokens, dropped by reason).
        validation: Counts of the validation split.
        accuracy: ``validation`` and ``train`` -> what the finished model scores on (a sample of) them, with ``n``.
        seconds: Wall time of this sitting.
        tokens_per_second: Tokens trained on a second in this sitting, both responses counted, padding not.
    """

    model: Path
    steps: int
    parameters: int
    data_hash: str
    train: Counts
    validation: Counts
    accuracy: dict[str, dict[str, float]] = field(default_factory=dict)
    seconds: float = 0.0
    tokens_per_second: float = 0.0

    def save(self, folder: Path) -> None:
        """Write the report as ``training_report.json`` into a folder."""
        text = json.dumps({**asdict(self), "model": self.model.name}, indent=2)
        write_text(folder / "training_report.json", text + "\n")

    @classmethod
    def load(cls, folder: Path) -> TrainReport:
        """Read ``training_report.json`` from a folder."""
        values = json.loads((folder / "training_report.json").read_text(encoding="utf-8"))
        values["model"] = folder / values["model"]
        values["train"], values["validation"] = Counts(**values["train"]), Counts(**values["validation"])
        return cls(**values)

    def as_stage(self) -> StageReport:
        """Return the report in the form of data stages: rows of both splits, dropped by reason."""
        dropped = dict(self.train.dropped)
        for reason, rows in self.validation.dropped.items():
            dropped[reason] = dropped.get(reason, 0) + rows
        details = {k: v for k, v in asdict(self).items() if k not in ("model", "seconds")}
        return StageReport(
            "train",
            read=self.train.read + self.validation.read,
            kept=self.train.kept + self.validation.kept,
            dropped=dropped,
            seconds=self.seconds,
            details=details,
        )


def train(recipe: TrainRecipe, data: Path | str, out: Path) -> TrainReport:
    """Train a reward model.

    Writes ``out/model`` (the checkpoint, whole or not at all), ``out/log.jsonl`` and ``out/training_report.json``;
    ``out/tokens`` and ``out/checkpoints`` serve resumption. Killed at any moment and called again with the same
    arguments, it ends with the same weights (bit for bit on a CPU with the same number of threads).

    Args:
        recipe: What to do.
        data: A preference dataset: Parquet file, folder, or hub name.
        out: Folder of the run.

    Raises:
        UserError: The recipe, the dataset or the backbone cannot be used; or ``out`` holds another run.
    """
    started = time.monotonic()
    disable_progress_bar()  # of transformers, for reading and writing files
    if recipe.threads:
        torch.set_num_threads(recipe.threads)
    corpus = find_corpus(data, recipe.holdout)
    digest = corpus.digest()
    # Starts the process group, where there is one.
    ranks = TrainingArguments(
        output_dir=str(out / "checkpoints"), use_cpu=not torch.cuda.is_available(), report_to=[], ddp_timeout=6 * 3600
    )
    with ranks.main_process_first(local=False, desc="tokens"):
        out.mkdir(parents=True, exist_ok=True)
        _claim(recipe, digest, out)
        if (out / "training_report.json").is_file() and (out / "model" / "config.json").is_file():
            return TrainReport.load(out)
        prepared = _prepare(recipe, corpus, digest, out)
        resume = find_resume_checkpoint(out)
    tokenizer, pair_encoder, pad, counts = prepared
    pairs, validation = (TokenPairs(out / "tokens" / f"{split}.arrow") for split in ("train", "validation"))
    if not len(pairs):
        raise InputError(
            f"No pair of {data} can be trained on.",
            f"Dropped: {counts['train'].dropped or 'none'}; set aside: {counts['validation'].read}.",
        )
    report = TrainReport(out / "model", recipe.steps(len(pairs)), 0, digest, counts["train"], counts["validation"])
    args = arguments(recipe, out / "checkpoints", report.steps, ranks.world_size)
    model = build_model(recipe, tokenizer, pad)
    use_fused_kernels(model, recipe)
    report.parameters = sum(p.numel() for p in model.parameters())
    trainer = PairTrainer(model, recipe, args, pairs, validation, pad=pad, log_file=out / "log.jsonl")
    report.tokens_per_second = _fit(trainer, report, resume)
    report.accuracy = {"validation": trainer.final_metrics(), "train": trainer.evaluate_pairs(pairs)}
    state = trainer.accelerator.get_state_dict(trainer.model) if trainer.is_fsdp_enabled else None
    if trainer.is_world_process_zero():
        save_reward_model(
            model,
            tokenizer,
            report.model,
            prompts=prompt_set(recipe.prompts, Path(data), corpus),
            recipe=recipe,
            training=_facts(recipe, report, pair_encoder),
            state=state,
        )
        report.seconds = time.monotonic() - started
        report.save(out)
        if not recipe.keep_checkpoints:
            shutil.rmtree(out / "checkpoints", ignore_errors=True)
    trainer.accelerator.wait_for_everyone()
    return TrainReport.load(out)


def _claim(recipe: TrainRecipe, digest: str, out: Path) -> None:
    # What resumption must agree on; the number of ranks may change between sittings.
    values = recipe.model_dump(mode="json", exclude={"name", "data", "devices", "keep_checkpoints", "threads"})
    wanted = json.dumps({"recipe": values, "data_hash": digest}, indent=2, sort_keys=True) + "\n"
    file = out / "run.json"
    if not file.is_file():
        write_text(file, wanted)
    elif file.read_text(encoding="utf-8") != wanted:
        raise SettingError(
            f"{out} holds a run of other settings or other data.", "Give another folder, or remove this one."
        )


def _prepare(
    recipe: TrainRecipe, corpus: Corpus, digest: str, out: Path
) -> tuple[Any, PairEncoder, int, dict[str, Counts]]:
    tokenizer = _tokenizer(recipe, corpus, out)
    pair_encoder = PairEncoder(tokenizer, recipe.max_length, recipe.on_long, recipe.system_role)
    closing = pair_encoder.closing_token()
    pad = pad_token_id(tokenizer, closing)
    vocabulary = hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode()).hexdigest()
    key = json.dumps(
        [digest, vocabulary, tokenizer.chat_template, recipe.max_length, recipe.on_long, recipe.system_role]
    )
    counts = cached_tokens(corpus, pair_encoder, out / "tokens", hashlib.sha256(key.encode()).hexdigest())
    return tokenizer, pair_encoder, pad, counts


def _tokenizer(recipe: TrainRecipe, corpus: Corpus, out: Path) -> Any:
    settings = recipe.tokenizer.train_bpe
    if settings is None:
        own = recipe.tokenizer.path
        return load_tokenizer(own or recipe.backbone.path, None if own else recipe.backbone.revision)
    folder = out / "tokenizer"
    if not folder.is_dir():
        size = sum(len(text) for text in sample_texts(corpus.rows("train"), 1.0))
        texts = sample_texts(corpus.rows("train"), min(1.0, settings.max_bytes / max(1, size)))
        partial = folder.with_name("tokenizer.partial")
        shutil.rmtree(partial, ignore_errors=True)
        learn_bpe(texts, settings, recipe.max_length).save_pretrained(str(partial))
        partial.rename(folder)
    return load_tokenizer(str(folder))


def find_resume_checkpoint(out: Path) -> Path | None:
    """Return the last complete checkpoint of a run, and cut its log back to that step."""
    checkpoint = last_complete(out / "checkpoints")
    done = int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0
    log = out / "log.jsonl"
    if log.is_file():
        # Lines after the checkpoint will be written again; the last one may be cut off.
        lines = [line for line in log.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")]
        write_text(log, "".join(line for line in lines if json.loads(line)["step"] <= done))
    return checkpoint


def _fit(trainer: PairTrainer, report: TrainReport, resume: Path | None) -> float:
    done = int(resume.name.rpartition("-")[2]) if resume else 0
    started = time.monotonic()
    trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    pairs = (report.steps - done) * trainer.recipe.global_batch
    return pairs * report.train.tokens / report.train.kept / (time.monotonic() - started)


def use_fused_kernels(model: RewardModel, recipe: TrainRecipe) -> None:
    """Put liger's kernels into the backbone where there is a GPU, they are installed, and the recipe allows it.

    The loss stays ours: its fused cross-entropy would bypass the choice of positions.
    """
    if not (recipe.fused_kernels and torch.cuda.is_available() and find_spec("liger_kernel")):
        return
    from liger_kernel.transformers import _apply_liger_kernel_to_instance

    _apply_liger_kernel_to_instance(model=model.backbone, cross_entropy=False, fused_linear_cross_entropy=False)


def prompt_set(name: str, data: Path, corpus: Corpus) -> PromptSet:
    """Return the prompt set that belongs to a dataset.

    Args:
        name: ``dataset``, ``themis`` or a file.
        data: The dataset; a ``prompts.json`` in its folder is its prompt set.
        corpus: Its rows, for a dataset that brings no such file: where they hold no other criteria prompts than ours
            (or none at all), ours is returned, otherwise the set is read out of them.

    Raises:
        InputError: The file cannot be read or is no prompt set.
    """
    if name == "themis":
        return built_in()
    if name != "dataset":
        return PromptSet.from_file(Path(name))
    if (data / "prompts.json").is_file():
        return PromptSet.from_file(data / "prompts.json")
    ours = {built_in().render([one]) for one in CRITERIA}
    ours |= {built_in().render(order) for order in itertools.permutations(CRITERIA)}
    if all(row["system"] in ours for row in corpus.rows("train") if row["system"]):
        return built_in()
    return PromptSet.from_preferences(data.stem, ({"aspect": "", **row} for row in corpus.rows("train")))


def _facts(recipe: TrainRecipe, report: TrainReport, pair_encoder: PairEncoder) -> dict[str, Any]:
    return {
        "name": recipe.name,
        "data_hash": report.data_hash,
        "train": asdict(report.train),
        "validation": asdict(report.validation),
        "steps": report.steps,
        "parameters": report.parameters,
        "accuracy": report.accuracy,
        "max_length": recipe.max_length,
        "system_message": "folded into the request" if pair_encoder.folds_system else "native",
        "versions": {name: version(name) for name in ("themis-rm", "torch", "transformers", "tokenizers")},
    }
