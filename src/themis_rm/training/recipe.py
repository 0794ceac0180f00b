"""Training recipes: what a run is, typed, each field documented beneath it."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from themis_rm.errors import SettingError, did_you_mean
from themis_rm.settings import Settings


class Backbone(Settings):
    """The language model under the reward head: one of ``path`` and ``config``."""

    path: str = ""
    """Folder or hub name of a causal language model, or of a reward model of ours (its head is kept)."""
    revision: str | None = None
    """Branch, tag or commit on the hub."""
    config: dict[str, Any] | None = None
    """Fields of a model configuration, for a model with fresh weights; ``model_type`` is ``qwen3`` unless given."""
    attention: str | None = None
    """Attention implementation (``sdpa``, ``eager``, ``flash_attention_2``); empty takes the architecture's own
    choice, which is ``eager`` where scores are soft-capped (Gemma 2)."""
    head_init: float = Field(0.0, ge=0)
    """Standard deviation of a fresh reward head; 0 starts with every reward at zero."""

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if bool(self.path) == (self.config is not None):
            raise ValueError("a backbone needs either 'path' or 'config'")
        return self


class Bpe(Settings):
    """A byte-level BPE vocabulary learned from the training split."""

    vocab_size: int = Field(8192, ge=300)
    """Entries, special tokens included."""
    min_frequency: int = Field(2, ge=1)
    """A merge must occur this often."""
    max_bytes: int = Field(64_000_000, ge=1)
    """Text to learn from; of a larger corpus a sample of rows (by hash, so always the same ones)."""


class Tokenizer(Settings):
    """The vocabulary: ``path``, or ``train_bpe``, or neither for the one that lies with the backbone."""

    path: str = ""
    """Folder or hub name of a tokenizer with a chat template."""
    train_bpe: Bpe | None = None
    """Learn one from the data, with a ChatML template."""

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if self.path and self.train_bpe:
            raise ValueError("a tokenizer has either 'path' or 'train_bpe'")
        return self


class TrainRecipe(Settings):
    """One training run."""

    name: str = "reward-model"
    """What the run is called in its report."""
    data: str = ""
    """Preference dataset: a folder or Parquet file, or a hub name; ``run`` and ``--data`` put theirs in its place."""
    backbone: Backbone
    """The model under the reward head."""
    tokenizer: Tokenizer = Tokenizer()
    """The vocabulary."""
    prompts: str = "dataset"
    """Prompt set saved with the checkpoint: ``dataset`` (the set that lies with the dataset, else read out of its
    ``system`` column), ``themis`` (our own), or a YAML or JSON file."""
    holdout: float = Field(0.02, ge=0, lt=1)
    """Share of rows set aside for validation where the dataset names no splits (whole repositories, or whole prompts
    where no repository is known)."""

    peak_rate: float = Field(1e-5, gt=0)
    """Learning rate after the warm-up."""
    terminal_rate: float = Field(5e-7, ge=0)
    """Learning rate at the end."""
    warmup: float = Field(0.05, ge=0, lt=1)
    """Share of updates that warm up, linearly from zero."""
    lam: float = Field(0.25, ge=0)
    """Lambda: weight of the language-modeling term on the chosen response."""
    mu: float = Field(0.001, ge=0)
    """Weight of the magnitude term."""
    magnitude: Literal["sum", "absolute"] = "sum"
    """``(r_c + r_r)^2`` or ``(|r_c| + |r_r|)^2``."""
    betas: tuple[float, float] = (0.9, 0.95)
    """AdamW's decay rates of the two moments."""
    eps: float = Field(1e-8, gt=0)
    """AdamW's denominator offset."""
    weight_decay: float = Field(0.1, ge=0)
    """AdamW's decoupled weight decay."""
    decay_all: bool = True
    """Decay every weight, as the published runs did; ``false`` spares norms and biases."""
    clip: float = Field(1.5, ge=0)
    """Largest norm of the gradient over all weights; 0 does not clip."""

    max_length: int = Field(4096, ge=16)
    """Most tokens of a conversation."""
    on_long: Literal["truncate", "drop"] = "truncate"
    """What becomes of a longer one: its response is cut (the closing tokens stay), or the row is dropped."""
    system_role: Literal["fold", "error"] = "fold"
    """Where the template has no place for a system message: ``fold`` puts the criteria prompt in front of the user
    message (scoring does the same), ``error`` stops."""
    global_batch: int = Field(512, ge=1)
    """Pairs in an update, over all ranks and accumulation steps."""
    micro_batch: int = Field(1, ge=1)
    """Pairs in one forward pass of one rank; accumulation follows from it."""
    group_window: int = Field(1, ge=1)
    """Global batches whose pairs are sorted by length together: more saves padding, 1 keeps batches fully random."""
    epochs: float = Field(1.0, gt=0)
    """Passes over the data; the last update is filled up from the next pass, so no row is left out."""
    max_steps: int | None = Field(None, ge=1)
    """Updates, instead of ``epochs``."""
    seed: int = 0
    """Seed of weights and order."""

    precision: Literal["fp32", "bf16", "fp64"] = "bf16"
    """``bf16`` keeps weights, softmax, losses and reductions in float32 and multiplies in bfloat16."""
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: less memory, a third more work."""
    sharding: Literal["none", "fsdp2", "fsdp2-offload"] = "none"
    """Whether weights and optimizer are sharded over the ranks (and held in main memory between uses)."""
    fused_kernels: bool = True
    """Use liger's kernels where there is a GPU and they are installed."""
    devices: int = Field(1, ge=1)
    """Ranks that the recipe was planned for; a run with others keeps the global batch and accumulates more or less."""
    threads: int | None = Field(None, ge=1)
    """CPU threads of a rank; empty leaves torch's choice."""

    save_every: int = Field(100, ge=1)
    """Updates between two checkpoints, from which a killed run goes on."""
    eval_every: int = Field(100, ge=1)
    """Updates between two looks at the validation split (the last update is always followed by one)."""
    eval_rows: int = Field(2000, ge=0)
    """Validation rows that are looked at, and training rows at the very end; the first ones by hash."""
    keep_checkpoints: bool = False
    """Keep the last checkpoint after the run (to train on)."""

    size: str = ""
    """Which entry of ``sizes`` to lay over the recipe."""
    sizes: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Size -> settings that differ for it; cleared once one is chosen."""

    @model_validator(mode="before")
    @classmethod
    def _choose_size(cls, values: Any) -> Any:
        if not isinstance(values, dict) or not values.get("sizes"):
            return values
        sizes = values["sizes"]
        if not values.get("size"):
            raise ValueError(f"choose a size: size={' | '.join(sizes)}")
        if values["size"] not in sizes:
            raise ValueError(f"unknown size '{values['size']}'. {did_you_mean(values['size'], sizes)}")
        return _over({**values, "sizes": {}}, sizes[values["size"]])

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.global_batch % self.micro_batch:
            raise ValueError(f"global_batch {self.global_batch} is no multiple of micro_batch {self.micro_batch}")
        if self.terminal_rate > self.peak_rate:
            raise ValueError(f"terminal_rate {self.terminal_rate:g} is above peak_rate {self.peak_rate:g}")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError("betas must lie in [0, 1)")
        if self.backbone.config is not None and not (self.tokenizer.path or self.tokenizer.train_bpe):
            raise ValueError("a backbone from a config needs tokenizer.path or tokenizer.train_bpe")
        if self.backbone.path and self.tokenizer.train_bpe:
            raise ValueError("a trained backbone keeps its vocabulary: tokenizer.train_bpe needs backbone.config")
        return self

    def accumulation(self, ranks: int) -> int:
        """Return how many forward passes of each rank make up one update.

        Raises:
            SettingError: The global batch cannot be dealt evenly.
        """
        if self.global_batch % (self.micro_batch * ranks):
            raise SettingError(
                f"global_batch {self.global_batch} is no multiple of micro_batch {self.micro_batch} x {ranks} ranks.",
                "Change one of them.",
            )
        return self.global_batch // (self.micro_batch * ranks)

    def steps(self, rows: int) -> int:
        """Return the number of updates on so many training rows."""
        if self.max_steps is not None:
            return self.max_steps
        return max(1, -(-round(self.epochs * rows) // self.global_batch))


def _over(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(values)
    for key, value in changes.items():
        below = merged.get(key)
        merged[key] = _over(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged
