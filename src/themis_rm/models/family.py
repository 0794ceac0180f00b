"""What a family of decoder reward models is made of: a row that recognizes it, and parts that a file of its own fills.

A family is a decoder of transformers with something on top that turns hidden states into a reward. What differs
between families is that top, where it reads, and how tensors are called; batching, order, truncation, templates,
devices and precision exist once, in :mod:`themis_rm.models.decoder`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch

    from themis_rm.models.checkpoint import Checkpoint


class Head(Protocol):
    """Turns hidden states into rewards; holds its weights in float32."""

    def __call__(self, last: torch.Tensor, boundary: torch.Tensor) -> torch.Tensor:
        """Return a reward per conversation.

        Args:
            last: Hidden states of the last token, shape ``[conversations, hidden]``, float32.
            boundary: Those of the token at which the last prompt ends, same shape; ``last`` again for families that
                do not read there.

        Returns:
            Rewards, shape ``[conversations]``.
        """

    def to(self, device: torch.device) -> Any:
        """Move the weights."""


@dataclass(frozen=True)
class HeadSpec:
    """How a checkpoint of a family is put together.

    Attributes:
        head: What stands on the decoder.
        head_tensors: Its tensors among the weights; everything else must belong to the decoder.
        rename: Pattern -> replacement for names of tensors, where the decoder's are not transformers' own.
        config: Configuration of the decoder, where ``config.json`` is none that transformers knows.
        weights: Reads the decoder's tensors, where theirs have another layout than transformers'.
        suffix: Id of a token that is put behind every conversation and read; ``None`` for none.
        boundary: Text that ends a prompt (end of the user's turn and the assistant's header); the head reads at its
            first token. Empty if it reads at the last token alone.
        template: Chat template where the tokenizer brings none.
    """

    head: Head
    head_tensors: frozenset[str]
    rename: Mapping[str, str] = field(default_factory=dict)
    config: Any = None
    weights: Callable[[], dict[str, torch.Tensor]] | None = None
    suffix: int | None = None
    boundary: str = ""
    template: str = ""


class PartsOf(Protocol):
    """The function ``parts`` of a family's module."""

    def __call__(self, checkpoint: Checkpoint) -> HeadSpec:
        """Read the head and say where everything stands.

        Raises:
            CheckpointError: A tensor is missing or has another shape than the family's.
        """
