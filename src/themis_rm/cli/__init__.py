"""The command line: thin verbs over the Python API."""

from themis_rm.cli.app import main

__all__ = ["main"]
