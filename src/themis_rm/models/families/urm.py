"""URM: five attributes, each a normal distribution, weighed by a network that reads the same hidden state.

Lou et al., 2024, "Uncertainty-aware Reward Model: Teaching Reward Models to Know What is Unknown" (arXiv 2410.00847).
``score`` gives mean and spread of each attribute in turn; the reward is the weighted sum of the means. The form is
that of SGLang's implementation; no checkpoint of it was at hand.
"""

from __future__ import annotations

import torch
from torch import nn

from themis_rm.errors import CheckpointError
from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.family import HeadSpec
from themis_rm.models.heads import linear_layers, stacked

SCORE, PREFIX = "score.weight", "weights.fc."


class AttributeHead(nn.Module):
    """``sum(weights(last) * means(last))``.

    Args:
        score: Shape ``[2 * attributes, hidden]``, means in the even rows.
        layers: The network that weighs, with ``attributes`` outputs.
    """

    means: torch.Tensor

    def __init__(self, score: torch.Tensor, layers: list[nn.Linear]) -> None:
        super().__init__()
        self.register_buffer("means", score[0::2].contiguous())
        self.weights = stacked(layers, nn.SELU())

    def forward(self, last: torch.Tensor, boundary: torch.Tensor) -> torch.Tensor:
        """Return the weighted sum of means, shape ``[conversations]``."""
        weighed: torch.Tensor = self.weights(last) * (last @ self.means.T)
        return weighed.sum(dim=-1)


def parts(checkpoint: Checkpoint) -> HeadSpec:
    """Return the decoder with its attributes.

    Raises:
        CheckpointError: There are not as many weights as attributes.
    """
    names = frozenset(name for name in checkpoint.shapes if name == SCORE or name.startswith(PREFIX))
    tensors = checkpoint.tensors(names)
    layers = linear_layers(tensors, PREFIX)
    if 2 * layers[-1].out_features != len(tensors[SCORE]):
        raise CheckpointError(
            f"{checkpoint.folder} weighs {layers[-1].out_features} attributes but scores {len(tensors[SCORE])} values.",
            "Each attribute has a mean and a spread.",
        )
    return HeadSpec(AttributeHead(tensors[SCORE], layers), names)
