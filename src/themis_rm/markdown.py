"""Markdown files from templates: texts that come from data cannot become markup."""

from __future__ import annotations

import re
from typing import Any

import jinja2
from markupsafe import Markup

_MARKUP = re.compile(r"[|\[\]`]")


def markdown_environment(package: str, folder: str) -> jinja2.Environment:
    """Return an environment for Markdown templates, in which every printed text is escaped.

    A text that is Markdown itself is printed with the filter ``safe``.

    Args:
        package: Package with the templates.
        folder: Their directory in the package.
    """
    return jinja2.Environment(
        loader=jinja2.PackageLoader(package, folder),
        autoescape=False,  # Markdown, not HTML  # noqa: S701
        finalize=escape_markdown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )


def escape_markdown(value: Any) -> Any:
    """Return a text as Markdown that shows it in one line, also inside a table; other values as they are."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    line = " ".join(value.split())
    return _MARKUP.sub(r"\\\g<0>", line).replace("<", "&lt;")
