"""THE catalog of model families. A family is one file in ``families`` plus one row here.

A folder is recognized by what lies in it (``config.json`` and the names of its tensors), never by what it is called.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from themis_rm.errors import CheckpointError, SettingError, did_you_mean

if TYPE_CHECKING:
    from themis_rm.models.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of decoder reward model.

    Attributes:
        name: What results call it; its module in ``families`` has the same name.
        tensors: Names of tensors of which each must be among the weights; alternatives stand behind one another,
            parted by ``|``. Empty for a family that no folder gives away: it must be named.
        keys: Keys that ``config.json`` must have.
        replaces_code: Its published repositories bring code of their own, which is the same as this family.
        served: Servers compute its reward from token ids alone.
    """

    name: str
    tensors: tuple[str, ...]
    keys: tuple[str, ...] = ()
    replaces_code: bool = True
    served: bool = False

    @property
    def module(self) -> str:
        """Return the module with the function ``parts``."""
        return f"themis_rm.models.families.{self.name.replace('-', '_')}"


FAMILIES: tuple[Family, ...] = (
    Family("armorm", ("regression_layer.weight", "reward_transform_matrix", "gating.logit_scale")),
    Family("qrm", ("regression_layer.weight", "gating.logit_scale"), ("num_quantiles", "num_objectives")),
    Family("ldl", ("embed_tokens.weight",), ("num_objectives", "temperature")),
    Family("internlm2", ("model.tok_embeddings.weight", "v_head.weight"), ("reward_token_id",)),
    Family("starling", ("transformer.embed_tokens.weight", "v_head.weight")),
    Family("athene", ("model.embed_tokens.weight", "v_head.weight")),
    Family("value-head", ("v_head.summary.weight|v_head.summary.0.weight",)),
    Family("regression-head", ("regression_head.weight",)),
    Family("mlp-score", ("score.0.weight", "score.2.weight"), served=True),
    Family("urm", ("score.weight", "weights.fc.0.weight", "weights.fc.4.weight"), served=True),
    Family("next-token-logit", ()),
    # Last: it takes every other folder, and says why it cannot be loaded if need be.
    Family("sequence-classification", ("",), replaces_code=False, served=True),
)


def named(name: str) -> Family:
    """Return the family of this name.

    Raises:
        SettingError: There is none.
    """
    rows = {family.name: family for family in FAMILIES}
    if name not in rows:
        raise SettingError(f"There is no family '{name}'.", did_you_mean(name, rows))
    return rows[name]


def detect_family(folder: Path, pickles: bool = False) -> Family:
    """Return the family of a folder by its configuration and the names of its tensors.

    Args:
        folder: A model.
        pickles: Whether pickled weights may be looked into.

    Raises:
        CheckpointError: It holds no model, or no weights that may be read.
    """
    from themis_rm.models.checkpoint import Checkpoint

    require_config(folder)
    return family_of(Checkpoint(folder, pickles))


def family_of(checkpoint: Checkpoint) -> Family:
    """Return the family of an opened checkpoint."""
    names = checkpoint.shapes.keys()

    def has(tensor: str) -> bool:
        return not tensor or any(name in names for name in tensor.split("|"))

    return next(
        family
        for family in FAMILIES
        if family.tensors and all(map(has, family.tensors)) and all(key in checkpoint.config for key in family.keys)
    )


def require_config(folder: Path) -> None:
    """Check that a folder is a checkpoint.

    Raises:
        CheckpointError: It has no configuration, or is an adapter.
    """
    if (folder / "config.json").is_file():
        return
    if (folder / "adapter_config.json").is_file():
        raise CheckpointError(
            f"{folder} holds an adapter, not a whole model.", "Merge it into its base model and save that."
        )
    raise CheckpointError(f"{folder} has no config.json.", "Give the folder that save_pretrained() wrote.")
