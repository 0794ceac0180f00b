"""The reward model as it is trained: a causal backbone, a bias-free reward head, and LM losses where asked for.

Exported, it is an ordinary one-label sequence-classification checkpoint (see ``export``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from themis_rm.errors import CheckpointError
from themis_rm.training.objective import completion_nll

_CHUNK_ELEMENTS = 1 << 26
"""Logits held at a time (256 MiB in float32): a 152k vocabulary would need gigabytes for one long answer."""

_LOGIT_STEPS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "final_logit_softcapping": lambda logits, cap: cap * torch.tanh(logits / cap),
    "logit_scale": lambda logits, scale: logits * scale,
    "logits_scaling": lambda logits, scale: logits / scale,
}
"""Config field -> what a family does to its logits after ``lm_head``; :meth:`RewardModel.check` proves it complete."""


@dataclass
class PairOutput:
    """What a forward pass over pairs gives.

    Attributes:
        chosen: Rewards, shape ``[pairs]``.
        rejected: Rewards, shape ``[pairs]``.
        nll: Summed negative log-likelihood of the chosen completions, scalar (0 if not asked for).
    """

    chosen: Tensor
    rejected: Tensor
    nll: Tensor


def last_real(attention_mask: Tensor) -> Tensor:
    """Return the index of each row's last real token.

    By mask, never by token id: a conversation may hold the text of the pad token. Works for either padding side.

    Args:
        attention_mask: Shape ``[rows, tokens]``, 1 for real tokens.

    Returns:
        Shape ``[rows]``.
    """
    width = attention_mask.shape[1]
    return width - 1 - attention_mask.flip(1).to(torch.int64).argmax(dim=1)


class RewardModel(nn.Module):
    """A causal language model with a reward head on the hidden state of the last real token.

    Args:
        backbone: Any Hugging Face causal language model.
        head_init: Standard deviation of the head's initial weights; 0 starts with all rewards at zero.
    """

    def __init__(self, backbone: Any, head_init: float = 0.0) -> None:
        super().__init__()
        self.backbone = backbone
        self.backbone.config.use_cache = False
        weight = next(backbone.parameters())
        width = backbone.config.get_text_config().hidden_size
        self.score = nn.Linear(width, 1, bias=False, dtype=weight.dtype, device=weight.device)
        nn.init.normal_(self.score.weight, std=head_init) if head_init else nn.init.zeros_(self.score.weight)

    @property
    def config(self) -> Any:
        """The backbone's configuration."""
        return self.backbone.config

    @property
    def _no_split_modules(self) -> Any:
        # FSDP wraps what the backbone says must stay whole.
        return self.backbone._no_split_modules  # noqa: SLF001

    @property
    def _keys_to_ignore_on_save(self) -> list[str]:
        # transformers.Trainer asks for this when it loads a state dict, and ties these again.
        state = self.state_dict()
        return sorted(set(state) - set(unaliased(state)))

    def tie_weights(self) -> None:
        """Tie the backbone's embeddings again, after its weights were loaded."""
        self.backbone.tie_weights()

    def enable_checkpointing(self) -> None:
        """Recompute activations in the backward pass instead of keeping them."""
        # transformers 5.2x renamed it and warns about the old name; older ones know the old name alone.
        new = getattr(self.backbone, "activation_checkpointing_enable", None)
        (new or self.backbone.gradient_checkpointing_enable)()

    def hidden_states(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return the last layer's hidden states, shape ``[rows, tokens, width]``."""
        output = self.backbone.base_model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False)
        return output.last_hidden_state

    def rewards(self, hidden: Tensor, attention_mask: Tensor) -> Tensor:
        """Return the reward of each row, shape ``[rows]``, in float32 (float64 if the weights are).

        Args:
            hidden: Shape ``[rows, tokens, width]``.
            attention_mask: Shape ``[rows, tokens]``.
        """
        pooled = hidden[torch.arange(len(hidden), device=hidden.device), last_real(attention_mask)]
        kind = torch.float64 if pooled.dtype == torch.float64 else torch.float32
        # bfloat16 has three digits: too few for a margin between two rewards.
        with torch.autocast(pooled.device.type, enabled=False):
            return nn.functional.linear(pooled.to(kind), self.score.weight.to(kind)).squeeze(-1)

    def score_rows(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return rewards of single conversations, shape ``[rows]``."""
        return self.rewards(self.hidden_states(input_ids, attention_mask), attention_mask)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, completion_mask: Tensor | None = None) -> PairOutput:
        """Run chosen and rejected responses in one pass.

        Args:
            input_ids: Shape ``[2 * pairs, tokens]``: all chosen ones, then all rejected ones, right-padded.
            attention_mask: The same shape.
            completion_mask: Shape ``[pairs, tokens]``, true on completion tokens of the chosen responses; ``None``
                leaves the language-modeling term out.
        """
        hidden = self.hidden_states(input_ids, attention_mask)
        chosen, rejected = self.rewards(hidden, attention_mask).chunk(2)
        if completion_mask is None:
            return PairOutput(chosen, rejected, chosen.new_zeros(()))
        rows, columns = completion_mask.nonzero(as_tuple=True)
        # Position t is predicted from the hidden state at t - 1; only those rows of the vocabulary matrix product
        # are ever computed.
        nll = self.nll(hidden[rows, columns - 1], input_ids[rows, columns])
        return PairOutput(chosen, rejected, nll)

    def nll(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Return the summed negative log-likelihood of tokens, a scalar.

        Args:
            hidden: Hidden states that predict them, shape ``[tokens, width]``.
            targets: The tokens, shape ``[tokens]``.
        """
        size = max(1, _CHUNK_ELEMENTS // self.config.get_text_config().vocab_size)
        if len(targets) <= size:
            return self._chunk_nll(hidden, targets)
        parts = [
            checkpoint(self._chunk_nll, hidden[i : i + size], targets[i : i + size], use_reentrant=False)
            for i in range(0, len(targets), size)
        ]
        return torch.stack(parts).sum()

    def logits(self, hidden: Tensor) -> Tensor:
        """Return vocabulary logits of hidden states as the family computes them (soft-capping and scales included)."""
        logits = self.backbone.get_output_embeddings()(hidden)
        config = self.config.get_text_config()
        for field, step in _LOGIT_STEPS.items():
            value = getattr(config, field, None)
            if value is not None:
                logits = step(logits, float(value))
        return logits

    def _chunk_nll(self, hidden: Tensor, targets: Tensor) -> Tensor:
        return completion_nll(self.logits(hidden), targets)

    @torch.no_grad()
    def check(self) -> None:
        """Compare our logits with the backbone's own on three tokens.

        Raises:
            CheckpointError: They differ: the family does something to its logits that we do not know.
        """
        weight = next(self.backbone.parameters())
        if weight.is_meta:
            return
        ids = torch.arange(1, 4, device=weight.device)[None]
        training = self.backbone.training
        self.backbone.eval()
        own = self.logits(self.hidden_states(ids, torch.ones_like(ids)))
        theirs = self.backbone(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False).logits
        self.backbone.train(training)
        if not torch.allclose(own.float(), theirs.float(), rtol=1e-3, atol=1e-3):
            raise CheckpointError(
                f"{type(self.backbone).__name__} changes its logits in a way that is not known here.",
                "Set lam=0 to train without the language-modeling term, or add the family to training/model.py.",
            )


def unaliased(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a state dict without the second names of tied weights."""
    seen: set[int] = set()
    kept = {}
    for name, tensor in state.items():
        if tensor.data_ptr() not in seen:
            seen.add(tensor.data_ptr())
            kept[name] = tensor.detach().contiguous()
    return kept
