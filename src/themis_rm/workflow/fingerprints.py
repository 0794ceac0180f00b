"""Fingerprints that decide whether a stage has to run again: of its inputs, its settings and its code."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from themis_rm.storage.digests import files_sha256, stable_digest, stable_id

ROOT = "themis_rm"
SOURCE = Path(__file__).resolve().parents[2]
"""Directory that contains the package."""


@cache
def code_fingerprint(*entry_points: Callable[..., Any]) -> str:
    """Return the fingerprint of the source files that functions of this package can execute.

    These are the functions' modules, all modules of this package that they import, directly or not (see
    :func:`import_closure`), and the data files of the packages that contain these modules.

    Args:
        entry_points: The functions.
    """
    modules = import_closure(frozenset(function.__module__ for function in entry_points), SOURCE)
    files = {_module_file(name, SOURCE) for name in modules}
    files |= {file for name in modules for file in _data_files(_module_file(name, SOURCE).parent)}
    return files_sha256(files, SOURCE)


def import_closure(modules: frozenset[str], source: Path) -> set[str]:
    """Return modules of this package and all modules of it that they import, directly or not.

    Imports inside functions count, imports under ``if TYPE_CHECKING`` do not. A registry imports every module of the
    package that it is created with, so that counts as an import too.

    Args:
        modules: Dotted names.
        source: Directory that contains the package.
    """
    closure: set[str] = set()
    pending = list(modules)
    while pending:
        name = pending.pop()
        if name not in closure:
            closure.add(name)
            pending += _imports(name, source) - closure
    return closure


@cache
def _imports(name: str, source: Path) -> frozenset[str]:
    """Return the modules that a module imports, and the packages that contain it."""
    file = _module_file(name, source)
    parents = name.split(".")[:-1]
    names = {".".join(parents[: i + 1]) for i in range(len(parents))}
    for node in _executed_nodes(ast.parse(file.read_text(encoding="utf-8"))):
        names |= {candidate for candidate in _imported_names(node, name, source) if candidate.split(".")[0] == ROOT}
    return frozenset(n for n in names if _module_file(n, source).is_file())


def _executed_nodes(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.If) and _last_name(node.test) == "TYPE_CHECKING":
        for branch in node.orelse:
            yield from _executed_nodes(branch)
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _executed_nodes(child)


def _imported_names(node: ast.AST, module: str, source: Path) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)  # modules of a package are names of it
    elif isinstance(node, ast.Call) and _last_name(node.func) == "Registry":
        for value in [*node.args, *(keyword.value for keyword in node.keywords)]:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield from _modules_of(value.value, source)
            elif isinstance(value, ast.Name) and value.id == "__name__":
                yield from _modules_of(module, source)


def _last_name(node: ast.expr) -> str:
    """Return ``Registry`` for ``Registry``, ``registry.Registry`` and ``Registry[Item]``."""
    if isinstance(node, ast.Subscript):
        return _last_name(node.value)
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _modules_of(package: str, source: Path) -> Iterator[str]:
    folder = source.joinpath(*package.split("."))
    if package.startswith(f"{ROOT}.") and (folder / "__init__.py").is_file():
        yield package
        for path in folder.iterdir():
            if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").is_file():
                yield f"{package}.{path.stem}"


def _module_file(name: str, source: Path) -> Path:
    path = source.joinpath(*name.split("."))
    return path / "__init__.py" if (path / "__init__.py").is_file() else path.with_suffix(".py")


@cache
def _data_files(folder: Path) -> frozenset[Path]:
    """Return the files of a package other than its modules, without those of its subpackages."""
    files = set()
    for path in folder.iterdir():
        if path.is_dir() and path.name != "__pycache__" and not (path / "__init__.py").is_file():
            files |= {file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts}
        elif path.is_file() and path.suffix != ".py":
            files.add(path)
    return frozenset(files)


def tree_fingerprint(root: Path) -> str:
    """Return the fingerprint of a source tree: path, size and modification time of every file, without reading them."""

    def parts() -> Iterator[str]:
        for path in sorted(root.rglob("*")):
            if path.is_file() and not path.is_symlink() and path.suffix != ".pyc":
                stat = path.stat()
                yield f"{path.relative_to(root)}\0{stat.st_size}\0{stat.st_mtime_ns}"

    return stable_digest(parts())


def repository_fingerprint(name: str) -> str:
    """Return the fingerprint of a git repository: its references, or only its name if it is not a local one."""
    path = Path(name)
    if path.is_file():  # a bundle
        return files_sha256([path], path.parent)
    if not path.is_dir():
        return stable_id(name)
    references = _git(path, "for-each-ref", "--format=%(objectname) %(refname)")
    return stable_id(name, references, _git(path, "rev-parse", "HEAD"))


def _git(repository: Path, *arguments: str) -> str:
    command = ["git", "-c", "core.fsmonitor=false", "-C", str(repository), *arguments]
    return subprocess.run(command, capture_output=True, check=False).stdout.decode(errors="replace")


def path_fingerprint(name: str) -> str:
    """Return the fingerprint of the contents of a file or directory, or of the name if there is none."""
    path = Path(name)
    if not path.exists():
        return stable_id(name)
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return files_sha256(files, path.parent)
