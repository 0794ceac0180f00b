"""Processes of a run that torchrun or accelerate started."""

from __future__ import annotations

import os
from collections.abc import Mapping

from themis_rm.errors import InputError


def is_main_process() -> bool:
    """Return whether this is the only process of the run, or the first one."""
    return os.environ.get("RANK", "0") == "0"


def require_equal(values: Mapping[str, str]) -> None:
    """Check that all processes of a run have the same inputs; every process has to call this.

    Args:
        values: Name of an input -> its digest on this process.

    Raises:
        InputError: A process has another digest than the first one.
    """
    from accelerate.utils import gather_object

    found = gather_object([dict(values)])
    for rank, other in enumerate(found):
        if different := [name for name, digest in other.items() if digest != found[0][name]]:
            raise InputError(
                f"Process {rank} has another {' and '.join(different)} than process 0.",
                "Start all processes with the same arguments, on the same files.",
            )


def wait_for_all() -> None:
    """Wait until all processes of the run are here."""
    import torch  # the command line imports this module, and starts without torch

    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()
