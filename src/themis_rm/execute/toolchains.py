"""Toolchains of this machine: which languages can be compiled and run here, each tried once in a sandbox."""

from __future__ import annotations

import os
import re
import shutil
import site
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from themis_rm.execute.sandbox import Limits, Sandbox, system_paths
from themis_rm.languages import LANGUAGES, MissingPartError, Toolchain, get_language


@dataclass(frozen=True, slots=True)
class InstalledToolchain:
    """A toolchain as it is installed on this machine.

    Attributes:
        language: Name of its language.
        toolchain: Its definition.
        paths: Program -> absolute path.
        version: First line that its version command printed.
        reads: Paths that a sandbox must make readable.
        cache: Directory that ``prepare`` returned; empty if there is none.
        packages: Directories of third-party packages, which only programs that need one can read.
    """

    language: str
    toolchain: Toolchain
    paths: Mapping[str, str]
    version: str
    reads: tuple[str, ...]
    cache: str = ""
    packages: tuple[str, ...] = ()

    def open_sandbox(
        self, files: Mapping[str, bytes], disk: int = 128 << 20, isolated: bool = True, packages: bool = False
    ) -> Sandbox:
        """Open a sandbox in which the toolchain is readable.

        Args:
            files: Name -> content of files in the work directory.
            disk: Bytes that may be written in total.
            isolated: Whether to use namespaces.
            packages: Whether third-party packages are readable, too.
        """
        reads = (*self.reads, *(self.packages if packages else ()))
        return Sandbox(files, reads, disk, isolated, () if packages else self.packages)

    def argv(
        self,
        command: Sequence[str],
        main: str,
        sources: Sequence[str],
        main_class: str = "",
        packages: Sequence[str] = (),
        completion_file: str = "",
    ) -> list[str]:
        """Return a command of the toolchain with its placeholders filled in."""
        values = {
            **self.paths,
            "main": main,
            "stem": PurePosixPath(main).stem,
            "class": main_class,
            "cache": self.cache,
            "completion_file": completion_file,
        }
        argv: list[str] = []
        for part in command:
            if part == "{sources}":
                argv += sources
            elif part == "{completion}":
                extra = self.toolchain.completion_arguments if completion_file else ()
                argv += [argument.format_map(values) for argument in extra]
            elif part == "{libraries}":
                argv += [self.toolchain.libraries[name] for name in packages if name in self.toolchain.libraries]
            else:
                argv.append(part.format_map(values))
        return argv


def find_toolchain(language: str, isolated: bool = True) -> InstalledToolchain | str:
    """Find the toolchain of a language on this machine and try it once in a sandbox.

    Args:
        language: Any name of the language.
        isolated: Whether sandboxes will have namespaces.

    Returns:
        The toolchain, or the reason why there is none.

    Raises:
        SettingError: No language has that name.
    """
    return _find_toolchain(get_language(language).name, isolated)


@cache
def _find_toolchain(language: str, isolated: bool) -> InstalledToolchain | str:
    try:
        toolchain = get_language(language).require_toolchain()
    except MissingPartError as error:
        return error.message.rstrip(".")
    paths: dict[str, str] = {}
    reads: set[str] = set()
    for program in toolchain.programs:
        path = sys.executable if program == "python" else shutil.which(program)
        if not path:
            return f"{program} is not installed"
        paths[program], required = _locate(path)
        reads.update(required)
    for pattern in toolchain.reads:
        reads.update(str(path) for path in Path("/").glob(pattern.lstrip("/")))
    packages = _python_packages() if "python" in toolchain.programs else ()
    with Sandbox({}, sorted(reads), isolated=isolated, hides=packages) as sandbox:
        command = [part.format_map(paths) for part in toolchain.version]
        limits = Limits(seconds=60, memory=toolchain.memory)
        outcome = sandbox.run(command, environment=toolchain.environment, limits=limits)
    output = (outcome.stdout or outcome.stderr).decode("utf-8", "replace").strip()
    if outcome.code != 0:
        reason = output.splitlines()[-1] if output else outcome.state
        return f"{toolchain.programs[0]} does not run in a sandbox: {reason}"
    version = output.splitlines()[0]
    directory = ""
    if toolchain.prepare:
        try:
            directory = str(toolchain.prepare(paths, version))
        except OSError as error:
            return f"{toolchain.programs[0]} cannot be prepared: {error}"
        reads.add(directory)
    return InstalledToolchain(language, toolchain, paths, version, tuple(sorted(reads)), directory, packages)


def find_toolchains(isolated: bool = True) -> dict[str, InstalledToolchain]:
    """Return the toolchains of this machine by the name of their language."""
    toolchains = {language.name: find_toolchain(language.name, isolated) for language in LANGUAGES}
    return {name: item for name, item in toolchains.items() if isinstance(item, InstalledToolchain)}


@cache
def has_package(language: str, package: str, isolated: bool = True) -> bool:
    """Return whether programs of a language can import a third-party package (a header, for C and C++)."""
    installed = find_toolchain(language, isolated)
    if isinstance(installed, str) or not installed.toolchain.package:
        return False
    if not re.fullmatch(r"[\w@][\w@./+-]*", package):
        return False
    toolchain = installed.toolchain
    command = [part.format_map({**installed.paths, "package": package}) for part in toolchain.package]
    with installed.open_sandbox({}, isolated=isolated, packages=True) as sandbox:
        limits = Limits(seconds=60, memory=toolchain.memory, stack=toolchain.stack)
        return sandbox.run(command, environment=toolchain.environment, limits=limits).code == 0


def _locate(path: str) -> tuple[str, list[str]]:
    """Return the path by which a program is called, and what a sandbox must show in addition to the system's paths."""
    if path == sys.executable:
        return path, _python_paths()
    real = str(Path(path).resolve())
    if all(any(Path(name).is_relative_to(shown) for shown in system_paths()) for name in (path, real)):
        return path, []
    directory = Path(real).parent
    return real, [str(directory.parent if directory.name == "bin" else directory)]


def _python_paths() -> list[str]:
    """Return what the interpreter that runs this package reads, without third-party packages.

    A virtual environment may be in a project's directory, so only the files that make it one are shown.
    """
    paths, program = [sys.executable], Path(sys.executable)
    while program.is_symlink():
        program = Path(os.path.normpath(program.parent / program.readlink()))
        paths.append(str(program))
    settings = Path(sys.prefix, "pyvenv.cfg")
    library = Path(sysconfig.get_path("stdlib"))
    shared = Path(sys.base_prefix, "lib")
    platform = Path(sysconfig.get_path("platstdlib"))
    return paths + [str(path) for path in (settings, library, shared, platform) if path.exists()]


def _python_packages() -> tuple[str, ...]:
    """Return the directories of third-party packages, those outside of a virtual environment included."""
    base = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}
    paths = {sysconfig.get_path(name, vars=values) for name in ("purelib", "platlib") for values in ({}, base)}
    paths.update(site.getsitepackages(), site.getsitepackages([sys.base_prefix]), ["/usr/lib/python3/dist-packages"])
    return tuple(sorted(path for path in paths if path and os.path.isdir(path)))
