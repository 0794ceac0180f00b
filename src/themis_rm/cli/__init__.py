"""The command line: thin verbs over the Python API."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from themis_rm.cli.signals import catch_signals

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit, see :func:`themis_rm.cli.app.main`."""
    with catch_signals() as received:
        try:
            from themis_rm.cli.app import main as run
        except KeyboardInterrupt:
            sys.stderr.write("Stopped.\n")
            sys.stderr.flush()
            os._exit(received.exit_code)
    run(arguments)
