"""THE table of toolchains: how a program of each language is compiled and run, and which are on this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from themis_rm.errors import SettingError, did_you_mean
from themis_rm.execute.sandbox import Limits, Sandbox
from themis_rm.languages import get_language

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolchain:
    """How programs of one language are compiled and run.

    Commands hold ``{program}`` for each name in ``programs``, ``{main}`` for the file that is run, ``{stem}`` for its
    name without ending, ``{class}`` for the Java class in it, ``{libraries}`` and ``{sources}`` (arguments of their
    own) for libraries and for every file with one of the ``endings``, and ``{cache}`` for what ``prepare`` made.

    Attributes:
        language: Benchmark name.
        programs: What must be found on the PATH (``python`` is the interpreter that runs us).
        file: Default name of the answer's file.
        endings: Of the files that a compiler is given.
        compile: Commands run once for a program, in turn; empty for an interpreted language.
        run: Command run for each case.
        version: Command that tells the version.
        package: Command that succeeds if ``{package}`` is there; empty where no third-party module ever is.
        libraries: Package -> what the linker is told.
        environment: Variables for all of its commands.
        reads: Paths that its programs read beside those of the system; may be patterns.
        memory: Bytes that a run may hold.
        stack: Bytes of the main thread's stack.
        compile_seconds: Limit of the compilation.
        prepare: Makes what is compiled against, once for a machine: gets the programs' paths and the version.
    """

    language: str
    programs: tuple[str, ...]
    file: str
    endings: tuple[str, ...] = ()
    compile: tuple[tuple[str, ...], ...] = ()
    run: tuple[str, ...]
    version: tuple[str, ...]
    package: tuple[str, ...] = ()
    libraries: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    reads: tuple[str, ...] = ()
    memory: int = 1024 * MEBIBYTE
    stack: int = 8 * MEBIBYTE
    compile_seconds: float = 60.0
    prepare: Callable[[Mapping[str, str], str], Path] | None = None


@dataclass(frozen=True, slots=True)
class InstalledToolchain:
    """A toolchain as it is on this machine.

    Attributes:
        toolchain: Its row.
        paths: Program -> absolute path.
        version: First line that its version command printed.
        reads: Paths that a box has to show.
        cache: Folder of what was prepared, else empty.
    """

    toolchain: Toolchain
    paths: Mapping[str, str]
    version: str
    reads: tuple[str, ...]
    cache: str = ""

    def argv(
        self,
        command: Sequence[str],
        main: str,
        sources: Sequence[str],
        main_class: str = "",
        packages: Sequence[str] = (),
    ) -> list[str]:
        """Fill in a command of the toolchain."""
        values = {
            **self.paths,
            "main": main,
            "stem": PurePosixPath(main).stem,
            "class": main_class,
            "cache": self.cache,
        }
        argv: list[str] = []
        for part in command:
            if part == "{sources}":
                argv += sources
            elif part == "{libraries}":
                argv += [self.toolchain.libraries[name] for name in packages if name in self.toolchain.libraries]
            else:
                argv.append(part.format_map(values))
        return argv


def _prepare_go(paths: Mapping[str, str], version: str) -> Path:
    """Make a table of the compiled standard library, for compiling without ``go build`` and its writable cache.

    A cache that untrusted programs share would let one put code into the next, and one of its own would have each of
    them compile the standard library.
    """
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "themis-rm"
    folder = base / re.sub(r"\W+", "-", version)
    table = folder / "importcfg"
    if not table.exists():
        folder.mkdir(parents=True, exist_ok=True)
        environment = {
            "GOCACHE": str(folder / "cache"),
            "GOFLAGS": "",
            "GO111MODULE": "off",
            "GOTOOLCHAIN": "local",
            "CGO_ENABLED": "0",
            "HOME": str(folder),
            "PATH": os.environ.get("PATH", os.defpath),
        }
        listed = _output([paths["go"], "list", "-export", "-f", _EXPORT, "std"], environment)
        with tempfile.NamedTemporaryFile("w", dir=folder, delete=False) as partial:
            partial.write(listed)
        Path(partial.name).chmod(0o644)
        Path(partial.name).replace(table)
    return folder


_EXPORT = "{{if .Export}}packagefile {{.ImportPath}}={{.Export}}{{end}}"
_NO_JIT_WARM_UP = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-XX:ActiveProcessorCount=2")

TOOLCHAINS: tuple[Toolchain, ...] = (
    Toolchain(
        language="C",
        programs=("gcc",),
        file="main.c",
        compile=(("{gcc}", "-std=gnu17", "-O1", "-w", "-o", "main", "{main}", "-lm", "-pthread", "{libraries}"),),
        run=("./main",),
        version=("{gcc}", "--version"),
        package=("{gcc}", "-fsyntax-only", "-include", "{package}", "-x", "c", "/dev/null"),
        libraries=MappingProxyType(
            {"openssl/md5.h": "-lcrypto", "openssl/sha.h": "-lcrypto", "openssl/evp.h": "-lcrypto"}
        ),
        stack=64 * MEBIBYTE,
    ),
    Toolchain(
        language="CSharp",
        programs=("mcs", "mono"),
        file="main.cs",
        endings=(".cs",),
        compile=(
            (
                "{mcs}",
                "-nologo",
                "-warn:0",
                "-r:System.Core",
                "-r:System.Data",
                "-r:System.Numerics",
                "-out:main.exe",
                "{sources}",
            ),
        ),
        run=("{mono}", "main.exe"),
        version=("{mono}", "--version"),
        reads=("/etc/mono",),
    ),
    Toolchain(
        language="Cpp",
        programs=("g++",),
        file="main.cpp",
        compile=(("{g++}", "-std=c++17", "-O1", "-w", "-o", "main", "{main}", "-pthread", "{libraries}"),),
        run=("./main",),
        version=("{g++}", "--version"),
        package=("{g++}", "-fsyntax-only", "-include", "{package}", "-x", "c++", "/dev/null"),
        libraries=MappingProxyType(
            {"openssl/md5.h": "-lcrypto", "openssl/sha.h": "-lcrypto", "openssl/evp.h": "-lcrypto"}
        ),
        stack=64 * MEBIBYTE,
    ),
    Toolchain(
        language="Go",
        programs=("go",),
        file="main.go",
        endings=(".go",),
        compile=(
            (
                "{go}",
                "tool",
                "compile",
                "-o",
                "main.a",
                "-p",
                "main",
                "-complete",
                "-importcfg",
                "{cache}/importcfg",
                "{sources}",
            ),
            ("{go}", "tool", "link", "-o", "main", "-importcfg", "{cache}/importcfg", "main.a"),
        ),
        run=("./main",),
        version=("{go}", "version"),
        environment=MappingProxyType({"GOMAXPROCS": "2", "GO111MODULE": "off", "GOFLAGS": "", "GOTOOLCHAIN": "local"}),
        prepare=_prepare_go,
    ),
    Toolchain(
        language="Java",
        programs=("javac", "java"),
        file="Main.java",
        endings=(".java",),
        compile=(
            (
                "{javac}",
                *(f"-J{flag}" for flag in _NO_JIT_WARM_UP),
                "-nowarn",
                "-proc:none",
                "-encoding",
                "UTF-8",
                "-d",
                ".",
                "{sources}",
            ),
        ),
        run=("{java}", *_NO_JIT_WARM_UP, "-Xmx512m", "-Xss64m", "-ea", "-cp", ".", "{class}"),
        version=("{java}", "-version"),
        reads=("/etc/java*",),
        memory=2048 * MEBIBYTE,
    ),
    Toolchain(
        language="JavaScript",
        programs=("node",),
        file="main.js",
        run=("{node}", "--max-old-space-size=512", "{main}"),
        version=("{node}", "--version"),
        package=("{node}", "-e", "require.resolve('{package}')"),
        memory=2048 * MEBIBYTE,
    ),
    Toolchain(
        language="Python",
        programs=("python",),
        file="main.py",
        run=("{python}", "-B", "{main}"),
        version=("{python}", "--version"),
        package=("{python}", "-c", "import importlib, sys; importlib.import_module(sys.argv[1])", "{package}"),
        environment=MappingProxyType({"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}),
        stack=64 * MEBIBYTE,
    ),
    Toolchain(
        language="Ruby",
        programs=("ruby",),
        file="main.rb",
        run=("{ruby}", "-W0", "{main}"),
        version=("{ruby}", "--version"),
        package=("{ruby}", "-W0", "-e", "require ARGV[0]", "{package}"),
    ),
)
"""One row for each language, by its benchmark name."""


def get_toolchain(name: str) -> Toolchain:
    """Return the row of a language, by any of its names.

    Raises:
        SettingError: There is no such language.
    """
    wanted = get_language(name).benchmark_name
    for row in TOOLCHAINS:
        if row.language == wanted:
            return row
    raise SettingError(f"There is no toolchain for '{name}'.", did_you_mean(wanted, [r.language for r in TOOLCHAINS]))


@cache
def find_toolchain(name: str, isolated: bool = True) -> InstalledToolchain | str:
    """Return the toolchain of a language on this machine, tried once in a box, or why there is none.

    Args:
        name: Benchmark name of the language.
        isolated: Whether the boxes will have namespaces.
    """
    row = get_toolchain(name)
    paths: dict[str, str] = {}
    reads: set[str] = set()
    for program in row.programs:
        path = sys.executable if program == "python" else shutil.which(program)
        if not path:
            return f"{program} is not installed"
        paths[program], shown = _place(path)
        reads.update(shown)
    for pattern in row.reads:
        reads.update(str(path) for path in Path("/").glob(pattern.lstrip("/")))
    with Sandbox({}, sorted(reads), isolated=isolated) as box:
        command = [part.format_map(paths) for part in row.version]
        outcome = box.run(command, environment=row.environment, limits=Limits(seconds=60, memory=row.memory))
    told = (outcome.stdout or outcome.stderr).decode("utf-8", "replace").strip()
    if outcome.code != 0:
        return f"{row.programs[0]} does not run in a box: {told.splitlines()[-1] if told else outcome.state}"
    version = told.splitlines()[0]
    folder = ""
    if row.prepare:
        try:
            folder = str(row.prepare(paths, version))
        except OSError as error:
            return f"{row.programs[0]} cannot be prepared: {error}"
        reads.add(folder)
    return InstalledToolchain(row, paths, version, tuple(sorted(reads)), folder)


def find_toolchains(isolated: bool = True) -> dict[str, InstalledToolchain]:
    """Return the toolchains of this machine by the benchmark name of their language."""
    rows = {row.language: find_toolchain(row.language, isolated) for row in TOOLCHAINS}
    return {name: row for name, row in rows.items() if isinstance(row, InstalledToolchain)}


@cache
def has_package(name: str, package: str, isolated: bool = True) -> bool:
    """Tell whether programs of a language find a third-party module (a header, for C and C++)."""
    there = find_toolchain(name, isolated)
    if isinstance(there, str) or not there.toolchain.package or not re.fullmatch(r"[\w@][\w@./+-]*", package):
        return False
    row = there.toolchain
    command = [part.format_map({**there.paths, "package": package}) for part in row.package]
    with Sandbox({}, there.reads, isolated=isolated) as box:
        limits = Limits(seconds=60, memory=row.memory, stack=row.stack)
        return box.run(command, environment=row.environment, limits=limits).code == 0


def _place(path: str) -> tuple[str, list[str]]:
    """Return the path to call a program by, and what a box has to show for it beside the system's folders."""
    real = str(Path(path).resolve())
    if path == sys.executable:
        # A virtual environment is found by the path, its standard library below the real one.
        return path, [sys.prefix, sys.base_prefix]
    if real.startswith(("/usr/", "/nix/store/")) and path.startswith(("/usr/", "/bin/", "/nix/store/")):
        return path, []
    folder = Path(real).parent
    return real, [str(folder.parent if folder.name == "bin" else folder)]


def _output(argv: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return what a trusted program prints.

    Raises:
        OSError: It cannot be run, or fails.
    """
    done = subprocess.run(argv, env=dict(environment), cwd="/", capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(done.returncode, done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "failed")
    return done.stdout
