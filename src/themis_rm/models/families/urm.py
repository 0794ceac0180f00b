"""URM: five attributes with a normal distribution each, weighted by a network on the same hidden state.

Lou et al., 2024, "Uncertainty-aware Reward Model: Teaching Reward Models to Know What is Unknown" (arXiv 2410.00847).
``score`` computes mean and standard deviation of each attribute in turn; the reward is the weighted sum of the means.
Implemented as in SGLang; no checkpoint was available.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from themis_rm.errors import CheckpointError
from themis_rm.models.family import FAMILIES, Family, HeadSpec
from themis_rm.models.heads import TensorHead, linear_layers, mlp

if TYPE_CHECKING:
    from torch import Tensor, nn

    from themis_rm.models.checkpoint import Checkpoint

SCORE, PREFIX = "score.weight", "weights.fc."


@dataclass
class AttributeHead(TensorHead):
    """``sum(weights(last) * means(last))``.

    Attributes:
        means: Rows that compute the means, shape ``[attributes, hidden]``.
        weights: Network with one output per attribute.
    """

    means: Tensor
    weights: nn.Sequential

    def __call__(self, last: Tensor, boundary: Tensor) -> Tensor:
        """Return the weighted sum of means, shape ``[conversations]``."""
        weighted: Tensor = self.weights(last) * (last @ self.means.T)
        return weighted.sum(dim=-1)


def load_head(checkpoint: Checkpoint) -> HeadSpec:
    """Read the attributes and the network that weights them.

    Raises:
        CheckpointError: The numbers of weights and attributes differ.
    """
    names = frozenset(name for name in checkpoint.shapes if name == SCORE or name.startswith(PREFIX))
    tensors = checkpoint.tensors(names)
    layers = linear_layers(tensors, PREFIX)
    score = tensors[SCORE]
    if 2 * layers[-1].out_features != len(score):
        raise CheckpointError(
            f"{checkpoint.folder} weights {layers[-1].out_features} attributes but has {len(score)} scores.",
            "Each attribute needs two scores: mean and standard deviation.",
        )
    return HeadSpec(AttributeHead(means=score[0::2].contiguous(), weights=mlp(layers, "selu")), names)


FAMILIES.register(Family("urm", load_head, tensors=(SCORE, f"{PREFIX}0.weight", f"{PREFIX}4.weight"), served=True))
