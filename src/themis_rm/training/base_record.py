"""What a run was trained from: name, version, license and a digest of the backbone's weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from themis_rm.models import hub
from themis_rm.models.local_models import PACKAGED, is_short_name
from themis_rm.results import ResultPart
from themis_rm.training.card_metadata import read_licenses
from themis_rm.training.recipe import BackboneSettings

if TYPE_CHECKING:
    from themis_rm.models.checkpoint import Checkpoint


class BaseRecord(ResultPart):
    """A pretrained backbone."""

    name: str
    """Name on the hub or in this package, or the last part of a path."""
    hub_id: str = ""
    """Name on the hub; empty if it is not known to be there."""
    revision: str = ""
    """Commit on the hub, if the weights are from its cache."""
    license: str = ""
    """License that its card states; empty if it has none."""
    weights_digest: str
    """SHA-256 of its tensors, see :attr:`themis_rm.models.checkpoint.Checkpoint.weights_digest`."""


def describe_base(source: BackboneSettings, checkpoint: Checkpoint) -> BaseRecord:
    """Return the record of a backbone; all of its weights are read.

    Args:
        source: Settings that name it.
        checkpoint: The backbone.

    Raises:
        CheckpointError: Its weights cannot be read.
    """
    packaged = PACKAGED.get(source.name)
    at_hub = hub.is_id(source.name)
    folder = checkpoint.folder
    return BaseRecord(
        name=source.name if is_short_name(source.name) or at_hub else Path(source.name).resolve().name,
        hub_id=packaged.hub_id if packaged else source.name if at_hub else "",
        # A snapshot in the cache of the hub is in <model>/snapshots/<commit>.
        revision=folder.name if folder.parent.name == "snapshots" else "",
        license=packaged.license if packaged else ", ".join(read_licenses(folder)),
        weights_digest=checkpoint.weights_digest,
    )
