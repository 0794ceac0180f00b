"""YAML of unknown origin as plain data, with limits on size, nesting and repeated references."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError

MAX_BYTES = 1 << 20
"""Largest size of a settings file."""
MAX_DEPTH = 50
"""Largest nesting of lists and mappings, with aliases replaced by what they refer to."""
MAX_VALUES = 100_000
"""Largest number of values, with aliases replaced by what they refer to."""

_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_TEXT, _MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"


class InvalidYamlError(ValueError):
    """A text that is not YAML, or not plain data."""


def parse_yaml(text: str) -> Any:
    """Return the value of a YAML text: mappings with text keys, lists, texts, numbers, booleans, dates and null.

    Raises:
        InvalidYamlError: The text is not YAML, uses tags, repeats a key, has a key that is not a text, contains itself,
            or is larger than the limits of this module. The message is one line.
    """
    if len(text) > MAX_BYTES:
        raise InvalidYamlError(f"it has more than {MAX_BYTES:,} characters")
    try:
        return yaml.load(text, _Loader)  # noqa: S506 (the loader extends the safe one)
    except yaml.YAMLError as error:
        raise InvalidYamlError(_problem(error)) from error


class _Loader(yaml.SafeLoader):
    """The safe loader, with limits that are checked before a value is built."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.level = 0
        self.extents: dict[yaml.Node, tuple[int, int]] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose a node and check its extent: the number of its values and its nesting."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            return self._known(super().compose_node(parent, index), event)
        self._check_event(event)
        self.level += 1
        node = super().compose_node(parent, index)
        self.level -= 1
        if node is not None:
            self._check_node(node)
        return node

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        """Return the tag of a value; ``4:00:00`` is a text, which YAML 1.1 reads as a number of base 60."""
        tag = str(super().resolve(kind, value, implicit))  # type: ignore[no-untyped-call]
        return _TEXT if tag in _NUMBERS and isinstance(value, str) and ":" in value else tag

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Build a value; a number or a date out of range is an error of the text."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, OverflowError) as error:
            reason = str(error).partition(";")[0]
            raise ConstructorError(None, None, f"invalid value ({reason})", node.start_mark) from error

    def _check_event(self, event: yaml.Event) -> None:
        tag = getattr(event, "tag", None)
        if tag not in {None, "!"}:
            raise _refused(f"the tag {tag} is not supported", event)
        if self.level >= MAX_DEPTH:
            raise _refused(f"nested more than {MAX_DEPTH} levels deep", event)

    def _known(self, node: yaml.Node | None, event: yaml.AliasEvent) -> yaml.Node | None:
        if node not in self.extents:
            raise _refused(f"'*{event.anchor}' refers to a value that contains it", event)
        return node

    def _check_node(self, node: yaml.Node) -> None:
        children = list(_children(node))
        values = 1 + sum(self.extents[child][0] for child in children)
        depth = 1 + max((self.extents[child][1] for child in children), default=0)
        if values > MAX_VALUES or depth > MAX_DEPTH:
            reason = f"more than {MAX_VALUES:,} values" if values > MAX_VALUES else f"more than {MAX_DEPTH} levels"
            raise _refused(f"{reason} after aliases are replaced", node)
        self.extents[node] = values, depth
        if isinstance(node, yaml.MappingNode):
            _check_keys(node)
        elif isinstance(node, yaml.ScalarNode) and "\0" in node.value:
            raise _refused("a text has a NUL character", node)


def _refused(reason: str, where: yaml.Event | yaml.Node) -> ComposerError:
    return ComposerError(None, None, reason, where.start_mark)  # type: ignore[arg-type]


def _children(node: yaml.Node) -> Iterable[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return (child for pair in node.value for child in pair)
    return node.value if isinstance(node, yaml.SequenceNode) else ()


def _check_keys(node: yaml.MappingNode) -> None:
    seen = set()
    for key, _ in node.value:
        if key.tag not in {_TEXT, _MERGE}:
            shown = f"the key {key.value}" if isinstance(key, yaml.ScalarNode) else "a key"
            raise _refused(f"{shown} is not a text; quote it", key)
        if key.value in seen:
            raise _refused(f"the key {key.value} is repeated", key)
        seen.add(key.value)


def _problem(error: yaml.YAMLError) -> str:
    problem, mark = getattr(error, "problem", None), getattr(error, "problem_mark", None)
    if problem is None or mark is None:
        return " ".join(str(error).split())
    if problem.startswith("but "):
        problem = f"{getattr(error, 'context', '')}, {problem}"
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"
