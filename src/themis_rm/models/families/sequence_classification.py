"""Sequence classifiers: a linear head on the last token, with one label or several of which the user chooses.

Themis, Skywork-Reward-V2, CodeScaler, FsfairX, the RewardBench-2 Llamas, OffsetBias, AceMath and most others save it as
``score.weight``, without a bias. Other trainers give the layer another name (``value_head`` in OpenRLHF) or save it in
a separate file; the head is then the only matrix with one row. This family has the lowest priority: a checkpoint that
no other family matches is loaded as one, and the error says why it cannot be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from themis_rm.errors import CheckpointError
from themis_rm.models.checkpoint import config_value
from themis_rm.models.family import FAMILIES, Family, HeadSpec
from themis_rm.models.heads import find_linear_head, linear_head_tensors, load_labels_head

if TYPE_CHECKING:
    from themis_rm.models.checkpoint import Checkpoint


def load_head(checkpoint: Checkpoint) -> HeadSpec:
    """Read the linear head."""
    name = find_linear_head(checkpoint)
    is_native = config_value(checkpoint.config, "architectures").endswith("ForSequenceClassification")
    if is_native and "score.bias" in checkpoint.shapes:
        raise CheckpointError(
            f"{checkpoint.folder} has a head with a bias ('score.bias'), which transformers would ignore.",
            "Add a family that reads the bias.",
        )
    head = load_labels_head(checkpoint, name)
    return HeadSpec(head, linear_head_tensors(checkpoint, name), head.weight.shape[0])


FAMILIES.register(
    Family("sequence-classification", load_head, tensors=(), priority=-1, replaces_code=False, served=True)
)
