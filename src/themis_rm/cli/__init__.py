"""The command line: thin verbs over the Python API."""

from themis_rm.cli.app import app, main

__all__ = ["app", "main"]
