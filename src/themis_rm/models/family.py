"""Families of reward models: how a checkpoint is detected and how its reward head is loaded.

A family is a transformers decoder with a head that maps hidden states to a reward. Families differ in the head, in the
tokens that it reads and in the names of tensors. Batching, order, truncation, chat templates, devices and precision are
implemented once, in :mod:`themis_rm.models.decoder`.

A family is one file in :mod:`themis_rm.models.families` that registers itself; an installed package adds families
through the entry-point group ``themis_rm.families``. Families are detected from the files of a checkpoint
(``config.json`` and the names of its tensors), never from its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from themis_rm.errors import CheckpointError
from themis_rm.models.weights import has_weights
from themis_rm.registry import Registry

if TYPE_CHECKING:
    import torch

    from themis_rm.models.checkpoint import Checkpoint
    from themis_rm.models.protocol import RewardModel
    from themis_rm.models.settings import ModelSettings


class Head(Protocol):
    """Maps hidden states to rewards; its weights are float32."""

    def __call__(self, last: torch.Tensor, boundary: torch.Tensor) -> torch.Tensor:
        """Return one reward per conversation, or the outputs of several labels.

        Args:
            last: Hidden states of the last token, shape ``[conversations, hidden]``, float32.
            boundary: Hidden states of the token at which the last prompt ends, same shape; equal to ``last`` for
                families without a boundary.

        Returns:
            Rewards, shape ``[conversations]``, or ``[conversations, labels]``.
        """

    def to(self, device: torch.device) -> Any:
        """Move the weights to a device."""


@dataclass(frozen=True)
class HeadSpec:
    """A loaded head, and how the rest of the checkpoint is read.

    Attributes:
        head: The head: a :class:`Head`, or what the family's ``load`` takes.
        head_tensors: Names of its tensors in the weights; all others must belong to the decoder.
        outputs: Number of its labels.
        rename: Pattern -> replacement for names of tensors, if the decoder's differ from those of transformers.
        config: Configuration of the decoder, if transformers does not support ``config.json``.
        weights: Reads the decoder's tensors, if their layout differs from that of transformers.
        suffix: Id of a token that is appended to every conversation and read by the head; ``None`` for none.
        boundary: Text that ends a prompt (end of the user's turn and the assistant's header); the head reads its first
            token. Empty if the head reads only the last token.
        template: Chat template for tokenizers without one.
    """

    head: Any
    head_tensors: frozenset[str]
    outputs: int = 1
    rename: Mapping[str, str] = field(default_factory=dict)
    config: Any = None
    weights: Callable[[], dict[str, torch.Tensor]] | None = None
    suffix: int | None = None
    boundary: str = ""
    template: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """One family of reward models.

    Attributes:
        name: Name in results and in the setting ``family``.
        load_head: Reads the head of a checkpoint; raises :class:`CheckpointError` if a tensor is missing or has
            another shape.
        tensors: Names of tensors that must all be in the weights; ``a|b`` means one of the two. ``None`` for a family
            that cannot be detected: the user must set it.
        config_keys: Keys that ``config.json`` must have.
        architecture: End of the name of the class in ``config.json``; empty for any.
        priority: Decides between several families that match a checkpoint: the highest wins.
        replaces_code: The Python code of the published repositories does the same as this family, and is not needed.
        served: Inference servers can compute its reward from token ids.
        load: Loads a checkpoint, its head, settings, the model's name and its repository, in place of
            :func:`~themis_rm.models.decoder.load_decoder`.
    """

    name: str
    load_head: Callable[[Checkpoint], HeadSpec]
    tensors: tuple[str, ...] | None
    config_keys: tuple[str, ...] = ()
    architecture: str = ""
    priority: int = 0
    replaces_code: bool = True
    served: bool = False
    load: Callable[[Checkpoint, HeadSpec, ModelSettings, str, str], RewardModel] | None = None

    def matches(self, checkpoint: Checkpoint) -> bool:
        """Return whether a checkpoint has the tensors and the configuration of this family."""
        from themis_rm.models.checkpoint import config_value

        if self.tensors is None or not config_value(checkpoint.config, "architectures").endswith(self.architecture):
            return False
        names = checkpoint.shapes.keys()
        has_tensors = all(any(name in names for name in tensor.split("|")) for tensor in self.tensors)
        return has_tensors and all(key in checkpoint.config for key in self.config_keys)


FAMILIES: Registry[Family] = Registry("reward-model family", "themis_rm.families", "themis_rm.models.families")
"""Families by name; reading it imports no torch."""


def get_family(name: str) -> Family:
    """Return the family with this name.

    Raises:
        SettingError: There is none.
    """
    return FAMILIES.get(name)


def detect_family(checkpoint: Checkpoint) -> Family:
    """Return the family of a checkpoint, from its configuration and the names of its tensors.

    Of several matching families the one with the highest priority is returned; two with the same priority are an error,
    so that the result does not depend on an order.

    Raises:
        CheckpointError: It has no readable weights, or several families match equally well.
    """
    matches = [family for family in FAMILIES if family.matches(checkpoint)]
    highest = max((family.priority for family in matches), default=0)
    best = [family for family in matches if family.priority == highest]
    if len(best) != 1:
        names = " and ".join(family.name for family in best) or "no family"
        raise CheckpointError(f"{checkpoint.folder} matches {names}.", "Set family= to the name of its family.")
    return best[0]


def require_config(folder: Path) -> None:
    """Check that a directory is a complete checkpoint.

    Raises:
        CheckpointError: It has no configuration, or is an adapter.
    """
    if (folder / "adapter_config.json").is_file() and not has_weights(folder):
        raise CheckpointError(f"{folder} is an adapter, not a complete model.", MERGE)
    if not (folder / "config.json").is_file():
        raise CheckpointError(f"{folder} has no config.json.", "Use a directory written by save_pretrained().")


def require_complete_model(checkpoint: Checkpoint) -> None:
    """Check that the weights are not those of an adapter that was not merged.

    Raises:
        CheckpointError: They are.
    """
    adapted = [name for name in checkpoint.shapes if any(part in f".{name}" for part in _ADAPTER_PARTS)]
    if adapted:
        raise CheckpointError(f"{checkpoint.folder} has an adapter that was not merged ('{min(adapted)}').", MERGE)


MERGE = "Merge it into its base model (merge_and_unload() of peft) and save the result."
"""How to use an adapter that is not read."""

_ADAPTER_PARTS = (".modules_to_save.", ".original_module.", ".lora_A.", ".lora_B.", ".lora_embedding_", ".base_layer.")
"""Parts of the names that peft gives to tensors of adapters."""
