"""Griffe extension: shows the Sphinx roles of docstrings (``:class:`Name```) as code."""

import re
from typing import Any

import griffe

_ROLE = re.compile(r":(?:class|func|meth|data|mod|attr|exc):`~?([\w.]+)`")


class SphinxRoles(griffe.Extension):
    """Replaces each role by the last part of its target."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of an object."""
        if obj.docstring is not None:
            obj.docstring.value = _ROLE.sub(lambda match: f"`{match.group(1).split('.')[-1]}`", obj.docstring.value)
