"""The model as it is trained: a causal language model with a bias-free reward head, run on pairs of responses.

:mod:`themis_rm.training.export` saves it as an ordinary one-label sequence-classification checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from themis_rm.errors import CheckpointError
from themis_rm.models.prefix_sharing import tree_attention
from themis_rm.training.batches import PairBatch
from themis_rm.training.losses import PairOutput
from themis_rm.training.losses.language_modeling import token_nll
from themis_rm.training.token_score import TokenScore
from themis_rm.training.trainable import without_frozen

_CHUNK_ELEMENTS = 1 << 26
"""Logits in memory at a time (256 MiB in float32). One long response and 152k vocabulary entries need gigabytes."""

_LOGIT_STEPS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "final_logit_softcapping": lambda logits, cap: cap * torch.tanh(logits / cap),
    "logit_scale": lambda logits, scale: logits * scale,
    "logits_scaling": lambda logits, scale: logits / scale,
}
"""Config field -> what the architecture does to its logits after ``lm_head``; see
:meth:`PairRewardModel.check_logits`."""


def last_real_token(attention_mask: Tensor) -> Tensor:
    """Return the index of each row's last real token.

    Found by mask and not by token id, because a conversation may contain the text of the pad token. Works for either
    padding side.

    Args:
        attention_mask: Shape ``[rows, tokens]``, 1 for real tokens.

    Returns:
        Shape ``[rows]``.
    """
    width = attention_mask.shape[1]
    return width - 1 - attention_mask.flip(1).to(torch.int64).argmax(dim=1)


class PairRewardModel(nn.Module):
    """Causal language model with a reward head on the hidden state of the last real token, or on all of the response.

    Args:
        backbone: A Hugging Face causal language model.
        head_init_std: Standard deviation of the head's initial weights; with 0 all initial rewards are zero.
        pooling: Whether the last token's hidden state is read, or the mean over the response.
        log_probability: Initial factor of the log-probabilities in the mean; 0 for none.

    Attributes:
        lost_head: Names of weights of the backbone's checkpoint, such as another kind of reward head, that were not
            loaded; ``None`` unless the checkpoint is a reward model whose head was replaced by a new one.
        packed: Whether the model takes packs; see :meth:`share_prefixes`.
    """

    def __init__(
        self,
        backbone: Any,
        head_init_std: float = 0.0,
        pooling: Literal["last", "mean"] = "last",
        log_probability: float = 0.0,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.lost_head: list[str] | None = None
        self.packed = False
        self.backbone.config.use_cache = False
        weight = next(backbone.parameters())
        width = backbone.config.get_text_config().hidden_size
        self.pooling = pooling
        if pooling == "mean":
            self.token_score = TokenScore(width, log_probability, head_init_std, weight.dtype, weight.device)
            return
        self.score = nn.Linear(width, 1, bias=False, dtype=weight.dtype, device=weight.device)
        nn.init.normal_(self.score.weight, std=head_init_std) if head_init_std else nn.init.zeros_(self.score.weight)

    @property
    def config(self) -> Any:
        """The backbone's configuration."""
        return self.backbone.config

    @property
    def _no_split_modules(self) -> Any:
        # FSDP reads here which modules must not be split.
        return self.backbone._no_split_modules  # noqa: SLF001

    @property
    def _keys_to_ignore_on_save(self) -> list[str]:
        # transformers.Trainer reads this when it loads a state dict: tied weights are stored once and tied again, and
        # frozen ones are not stored.
        state = self.state_dict()
        return sorted(set(state) - set(without_tied_weights(without_frozen(state, self))))

    def tie_weights(self) -> None:
        """Tie the backbone's embeddings again after loading weights."""
        self.backbone.tie_weights()

    def enable_gradient_checkpointing(self) -> None:
        """Recompute activations in the backward pass instead of keeping them."""
        # transformers 5.2x renamed the method and warns about the old name.
        new = getattr(self.backbone, "activation_checkpointing_enable", None)
        (new or self.backbone.gradient_checkpointing_enable)()

    def share_prefixes(self) -> bool:
        """Replace the backbone's attention, so that it runs packs, if it computes the same hidden states.

        Returns:
            Whether the model takes packs from now on. If not, it takes padded rows, as before.
        """
        self.packed = not next(self.backbone.parameters()).is_meta and tree_attention.supports(self.backbone)
        if self.packed:
            tree_attention.enable(self.backbone)
        return self.packed

    def hidden_states(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return the last layer's hidden states of padded rows, shape ``[rows, tokens, width]``."""
        output = self.backbone.base_model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False)
        return output.last_hidden_state

    def rewards(self, hidden: Tensor) -> Tensor:
        """Return the reward of each last hidden state, shape ``[n]``, in float32 (float64 if the weights are float64).

        Args:
            hidden: Shape ``[n, width]``.
        """
        dtype = torch.float64 if hidden.dtype == torch.float64 else torch.float32
        # bfloat16 has three significant digits, too few for the difference of two rewards.
        with torch.autocast(hidden.device.type, enabled=False):
            return nn.functional.linear(hidden.to(dtype), self.score.weight.to(dtype)).squeeze(-1)

    def score_rows(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return the rewards of single conversations in padded rows, shape ``[rows]``."""
        hidden = self.hidden_states(input_ids, attention_mask)
        return self.rewards(hidden[torch.arange(len(hidden), device=hidden.device), last_real_token(attention_mask)])

    def forward(self, batch: PairBatch, with_nll: bool = False) -> PairOutput:
        """Score chosen and rejected responses in one pass.

        Args:
            batch: The pairs: a pack after :meth:`share_prefixes`, otherwise padded rows; with the completion tokens of
                both sides if the reward is a mean.
            with_nll: Whether to compute ``PairOutput.nll``, which is 0 otherwise.
        """
        if batch.pack is not None:
            hidden = tree_attention.hidden_states(self.backbone, batch.pack)
        else:
            assert batch.attention_mask is not None  # noqa: S101
            hidden = self.hidden_states(batch.input_ids, batch.attention_mask).flatten(0, 1)
        if self.pooling == "mean":
            return self._token_output(batch, hidden, with_nll)
        chosen, rejected = self.rewards(hidden[batch.last]).chunk(2)
        count = batch.chosen_tokens
        # Logits are computed at the positions before completion tokens only.
        nll = self.nll(hidden[batch.predictors[:count]], batch.targets[:count]).sum() if with_nll else None
        return PairOutput(chosen, rejected, chosen.new_zeros(()) if nll is None else nll)

    def _token_output(self, batch: PairBatch, hidden: Tensor, with_nll: bool) -> PairOutput:
        nll = None
        if with_nll or self.token_score.needs_log_probabilities:
            nll = self.nll(hidden[batch.predictors], batch.targets)
        log_probabilities = -nll if nll is not None and self.token_score.needs_log_probabilities else None
        rewards = self.token_score(hidden[batch.completion], log_probabilities, batch.owners, 2 * batch.pairs)
        chosen, rejected = rewards.chunk(2)
        total = nll[: batch.chosen_tokens].sum() if with_nll and nll is not None else chosen.new_zeros(())
        return PairOutput(chosen, rejected, total)

    def nll(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Return the negative log-likelihood of tokens, shape ``[tokens]``.

        Args:
            hidden: Hidden states at the positions before the tokens, shape ``[tokens, width]``.
            targets: The tokens, shape ``[tokens]``.
        """
        size = max(1, _CHUNK_ELEMENTS // self.config.get_text_config().vocab_size)
        if len(targets) <= size:
            return self._chunk_nll(hidden, targets)
        parts = [
            checkpoint(self._chunk_nll, hidden[i : i + size], targets[i : i + size], use_reentrant=False)
            for i in range(0, len(targets), size)
        ]
        return torch.cat(parts)

    def logits(self, hidden: Tensor) -> Tensor:
        """Return the vocabulary logits of hidden states, with the architecture's soft-capping and scaling."""
        logits = self.backbone.get_output_embeddings()(hidden)
        config = self.config.get_text_config()
        for field, apply_step in _LOGIT_STEPS.items():
            value = getattr(config, field, None)
            if value is not None:
                logits = apply_step(logits, float(value))
        return logits

    def _chunk_nll(self, hidden: Tensor, targets: Tensor) -> Tensor:
        return token_nll(self.logits(hidden), targets)

    @torch.no_grad()
    def check_logits(self) -> None:
        """Compare :meth:`logits` with the backbone's ``forward`` on three tokens.

        Raises:
            CheckpointError: They differ, so the architecture changes its logits in a way that ``logits`` does not know.
        """
        weight = next(self.backbone.parameters())
        if weight.is_meta:
            return
        ids = torch.arange(1, 4, device=weight.device)[None]
        training = self.backbone.training
        self.backbone.eval()
        computed = self.logits(self.hidden_states(ids, torch.ones_like(ids)))
        expected = self.backbone(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False).logits
        self.backbone.train(training)
        if not torch.allclose(computed.float(), expected.float(), rtol=1e-3, atol=1e-3):
            raise CheckpointError(
                f"{type(self.backbone).__name__} changes its logits in an unknown way.",
                "Set lm_loss_weight=0 to train without the language-modeling loss, or add the architecture to "
                "training/pair_model.py.",
            )

    @torch.no_grad()
    def check_padding(self) -> None:
        """Compare the hidden states of three tokens with and without padding on the right.

        Raises:
            CheckpointError: They differ: rewards would depend on the batch, and scoring would not reproduce them. Or
                the model cannot be run.
        """
        weight = next(self.backbone.parameters())
        if weight.is_meta:
            return
        alone = torch.arange(1, 4, device=weight.device)[None]
        padded = torch.cat([alone, torch.full_like(alone, int(self.config.pad_token_id or 0))], dim=1)
        mask = torch.cat([torch.ones_like(alone), torch.zeros_like(alone)], dim=1)
        training = self.backbone.training
        self.backbone.eval()
        try:
            expected = self.hidden_states(alone, torch.ones_like(alone))
            found = self.hidden_states(padded, mask)[:, : alone.shape[1]]
        except (RuntimeError, ValueError, TypeError, AttributeError, LookupError, AssertionError) as error:
            reason = " ".join(str(error).split())[:200]
            raise CheckpointError(f"{type(self.backbone).__name__} cannot be run ({reason}).") from error
        self.backbone.train(training)
        if not torch.allclose(found.float(), expected.float(), rtol=1e-3, atol=1e-3):
            raise CheckpointError(
                f"The hidden states of {type(self.backbone).__name__} depend on padding.",
                "Use a backbone that observes the attention mask.",
            )


def without_tied_weights(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a state dict with each tied weight under one of its names only."""
    seen: set[int] = set()
    kept = {}
    for name, tensor in state.items():
        if tensor.data_ptr() not in seen:
            seen.add(tensor.data_ptr())
            kept[name] = tensor.detach().contiguous()
    return kept
