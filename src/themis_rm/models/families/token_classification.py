"""Token classifiers of transformers (``...ForTokenClassification``): a linear head with a bias, read at the last token.

Process reward models are saved as such; their reward of a complete response is the output at its last token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from themis_rm.models.family import FAMILIES, Family, HeadSpec
from themis_rm.models.heads import SCORE, linear_head_tensors, load_labels_head

if TYPE_CHECKING:
    from themis_rm.models.checkpoint import Checkpoint


def load_head(checkpoint: Checkpoint) -> HeadSpec:
    """Read the linear head."""
    head = load_labels_head(checkpoint, SCORE)
    return HeadSpec(head, linear_head_tensors(checkpoint, SCORE), head.weight.shape[0])


FAMILIES.register(
    Family(
        "token-classification",
        load_head,
        tensors=(SCORE, "score.bias"),
        architecture="ForTokenClassification",
        replaces_code=False,
    )
)
