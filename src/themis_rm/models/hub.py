"""Models on the Hugging Face Hub: download the files that are needed, and no others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from themis_rm.errors import CheckpointError

_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_NEEDED = ("*.json", "*.safetensors", "*.jinja", "*.model", "*.txt")
_PICKLED = ("*.bin", "*.pt")
_CODE = ("*.py",)


@dataclass(frozen=True, slots=True)
class HubSnapshot:
    """A downloaded repository at one commit.

    Attributes:
        folder: Local directory with its files.
        commit: The commit, 40 hexadecimal digits.
    """

    folder: Path
    commit: str


def is_id(name: str) -> bool:
    """Return whether a name has the form ``owner/name`` and is not an existing path."""
    return bool(_ID.fullmatch(name)) and not Path(name).exists()


def fetch(name: str, revision: str = "", pickles: bool = False, code: bool = False) -> HubSnapshot:
    """Download a repository, or find it in the cache.

    Args:
        name: ``owner/name``.
        revision: Commit, tag or branch; by default the newest commit of the main branch.
        pickles: Whether to download pickled weights too.
        code: Whether to download Python files too.

    Raises:
        CheckpointError: There is no such repository or revision, it is gated, or the hub cannot be reached.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    patterns = [*_NEEDED, *(_PICKLED if pickles else ()), *(_CODE if code else ())]
    try:
        folder = Path(snapshot_download(name, revision=revision or None, allow_patterns=patterns))
    except GatedRepoError as error:
        raise CheckpointError(
            f"{name} is gated.", "Accept its conditions on the hub and log in with 'hf auth login'."
        ) from error
    except RevisionNotFoundError as error:
        raise CheckpointError(
            f"{name} has no revision '{revision}'.", "Set revision to a commit, tag or branch."
        ) from error
    except RepositoryNotFoundError as error:
        raise CheckpointError(
            f"The hub has no model '{name}', or it is private.", "Check the name; 'themis-rm models' lists known ones."
        ) from error
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, OSError) as error:
        raise CheckpointError(
            f"{name} is not in the cache and the hub cannot be reached.",
            "Download it on a machine with network access ('hf download') and use its directory.",
        ) from error
    return HubSnapshot(folder, folder.name)
