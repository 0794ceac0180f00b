"""Templates of HTML pages: every value is escaped."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined


def html_environment() -> Environment:
    """Return the environment of the package's HTML templates."""
    return Environment(
        loader=PackageLoader("themis_rm.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
