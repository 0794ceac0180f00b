"""The license that the metadata of a package names, in the files of common package managers."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Callable
from typing import Any

from themis_rm.mining.license_expressions import join, normalize
from themis_rm.mining.licenses import names_in


def metadata_license(name: str, text: str) -> str | None:
    """Return the license in a file of package metadata as an expression, or ``None``.

    Args:
        name: Name of the file, such as ``package.json``; of other files there is none.
        text: Its content; a damaged file has no license.
    """
    reader = _reader(name)
    if reader is None:
        return None
    try:
        values = reader(text)
    except (ValueError, AttributeError, TypeError, KeyError, RecursionError, configparser.Error):
        return None
    found = [_expression(value) for value in values if isinstance(value, str) and value.strip()]
    return join("OR", [value for value in found if value]) if found and all(found) else None


def is_package_metadata(name: str) -> bool:
    """Return whether a file with this name may have the license of a package."""
    return _reader(name) is not None


def _reader(name: str) -> Callable[[str], list[Any]] | None:
    suffixes = {".gemspec": _gemspec, ".nuspec": _xml, ".csproj": _xml}
    return _READERS.get(name.lower()) or next((suffixes[end] for end in suffixes if name.lower().endswith(end)), None)


def _expression(value: str) -> str | None:
    text = value.strip()
    spdx = normalize(text)
    if spdx or len(text) > 200:
        return spdx
    names = names_in(text.split("::")[-1])
    return join("OR" if re.search(r"\bor\b|/|\bdual\b", text, re.IGNORECASE) else "AND", names) if names else None


def _json(text: str) -> list[Any]:
    data = json.loads(text)
    value = data.get("license") or data.get("licenses") or []
    return [
        item.get("type") if isinstance(item, dict) else item for item in (value if isinstance(value, list) else [value])
    ]


def _cargo(text: str) -> list[Any]:
    data = tomllib.loads(text)
    own = data.get("package", {}).get("license")
    return [own if isinstance(own, str) else data.get("workspace", {}).get("package", {}).get("license")]


def _pyproject(text: str) -> list[Any]:
    data = tomllib.loads(text)
    project = data.get("project", {})
    value = project.get("license") or data.get("tool", {}).get("poetry", {}).get("license")
    if isinstance(value, dict):
        value = value.get("text")
    return [value] if value else _classifiers(project.get("classifiers", []))


def _setup_cfg(text: str) -> list[Any]:
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    value = parser.get("metadata", "license", fallback="")
    return [value] if value else _classifiers(parser.get("metadata", "classifiers", fallback="").splitlines())


def _setup_py(text: str) -> list[Any]:
    value = re.findall(r"\blicense\s*=\s*[\"']([^\"'\n]{1,200})[\"']", text)[:1]
    return value or _classifiers(re.findall(r"[\"'](License :: [^\"'\n]{1,200})[\"']", text))


def _classifiers(lines: list[str]) -> list[Any]:
    return [line for line in lines if line.strip().startswith("License :: OSI Approved ::")]


def _gemspec(text: str) -> list[Any]:
    lines = re.findall(r"\.licenses?\s*=\s*([^\n]{1,300})", text)
    return [value for line in lines[:1] for value in re.findall(r"[\"']([^\"']+)[\"']", line)]


def _xml(text: str) -> list[Any]:
    block = re.search(r"<licenses>(.{0,5000}?)</licenses>", text, re.DOTALL)
    if block:
        return re.findall(r"<name>\s*([^<]{1,200}?)\s*</name>", block[1])
    pattern = r"<PackageLicenseExpression>\s*([^<]{1,200}?)\s*<|<license type=\"expression\">\s*([^<]{1,200}?)\s*<"
    return [one or other for one, other in re.findall(pattern, text)[:1]]


_READERS: dict[str, Callable[[str], list[Any]]] = {
    "package.json": _json,
    "composer.json": _json,
    "cargo.toml": _cargo,
    "pyproject.toml": _pyproject,
    "setup.cfg": _setup_cfg,
    "setup.py": _setup_py,
    "pom.xml": _xml,
}
