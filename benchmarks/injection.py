"""Share of injected bugs with which a file still compiles (C, C#, C++, Go, Java, Rust) or parses (the others).

The functions of files that compile alone get bugs, one at a time, and each result is compiled again; a file that does
not compile unchanged takes no part. By default the files are those of the authored pairs::

    python benchmarks/injection.py

Files of a checkout compile with the flags that its build uses, and those of Go with the other files of their package::

    python benchmarks/injection.py --tree libuv/src --flags "-Ilibuv/include -Ilibuv/src" --language C
    python benchmarks/injection.py --tree gson/src/main/java --flags "-sourcepath gson/src/main/java" --language Java

Compilers are looked for on the PATH; a language without one is skipped.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from themis_rm.curation.inject import OPERATORS, inject
from themis_rm.languages import LANGUAGES, get_language
from themis_rm.languages.syntax import find_functions, parse, to_bytes, to_text
from themis_rm.storage.digests import stable_id

AUTHORED = Path(__file__).parents[1] / "data" / "authored"
SECONDS = 60  # limit of one compilation

_JAVA = """import java.io.*;
import javax.tools.*;
public class Compile {
    public static void main(String[] arguments) throws Exception {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            ByteArrayOutputStream errors = new ByteArrayOutputStream();
            int status = compiler.run(null, errors, errors, line.split("\\t"));
            String[] lines = errors.toString().split("\\n");
            System.out.println(status + "\\t" + lines[0]);
            System.out.flush();
        }
    }
}
"""


_PUBLIC = re.compile(rb"^public\s+(?:\w+\s+)*?(?:class|interface|enum|record|@interface)\s+(\w+)", re.MULTILINE)


class Java:
    """Compile Java files in one virtual machine, whose start takes longer than a file.

    Args:
        flags: Further arguments of the compiler.
    """

    def __init__(self, flags: list[str]) -> None:
        self.flags = flags
        self.work = tempfile.TemporaryDirectory()
        source = Path(self.work.name, "Compile.java")
        source.write_text(_JAVA)
        self.process = subprocess.Popen(
            ["java", str(source)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def __call__(self, file: Path, code: bytes) -> str:
        """Return the first error of a file, or an empty text."""
        folder = Path(tempfile.mkdtemp(dir=self.work.name))
        public = _PUBLIC.search(code)
        target = folder / (f"{public[1].decode()}.java" if public else file.name)
        target.write_bytes(code)
        arguments = ["-proc:none", "-nowarn", "-implicit:none", "-d", str(folder), *self.flags, str(target)]
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\t".join(arguments) + "\n")
        self.process.stdin.flush()
        status, _, error = self.process.stdout.readline().rstrip("\n").partition("\t")
        shutil.rmtree(folder)
        return "" if status == "0" else error.rpartition("/")[2] or "error"


COMMANDS = {
    "C": "gcc -fsyntax-only -std=gnu11 -w {flags} -iquote {folder} {file}",
    "C#": "mcs -target:library -warn:0 -r:System.Core -r:System.Numerics {flags} -out:{out} {file}",
    "C++": "g++ -fsyntax-only -std=c++17 -w {flags} -iquote {folder} {file}",
    "JavaScript": "node --check {file}",
    "Python": "python -m py_compile {file}",
    "Ruby": "ruby -c {file}",
    "Rust": "rustc --edition 2021 --crate-type lib --emit metadata -A warnings {flags} -o {out} {file}",
}
"""Language -> command that checks one file."""


def run(argv: list[str], folder: Path | None = None) -> str:
    """Return the first error that a command prints, or an empty text if it succeeds."""
    try:
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return "timeout"
    lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    found = next((line for line in lines if re.search(r"error|:\d+:\d*:? ", line)), (lines or ["error"])[-1])
    return found if done.returncode else ""


def compiler(language: str, flags: list[str], tree: bool) -> Callable[[Path, bytes], str]:
    """Return the function that compiles a file with other content and returns the first error, or an empty text."""
    if language == "Java":
        return Java(flags)

    def check(file: Path, code: bytes) -> str:
        with tempfile.TemporaryDirectory() as work:
            module = language == "JavaScript" and re.search(rb"^(?:import|export)\b", code, re.MULTILINE)
            target = Path(work, "changed" + (".mjs" if module else file.suffix))
            target.write_bytes(code)
            if language == "Go":
                others = [path for path in file.parent.glob("*.go") if tree and path != file and is_compiled(path)]
                argv = ["go", "tool", "compile", "-o", str(Path(work, "out")), str(target), *map(str, others)]
                return run(argv)
            fields = {"folder": file.parent.resolve(), "file": target, "out": Path(work, "out")}
            command = COMMANDS[language].split()
            argv = [part.format(**fields) for part in command if part != "{flags}"]
            place = command.index("{flags}") if "{flags}" in command else len(argv)
            return run([*argv[:place], *flags, *argv[place:]])

    return check


def is_compiled(file: Path) -> bool:
    """Return whether a Go file is part of its package on every system."""
    special = re.search(r"_(?:test|windows|linux|darwin|js|plan9|wasm|arm64|amd64|s390x|ppc64x?)$", file.stem)
    return not special and not re.search(r"^//go:build", file.read_text(encoding="utf-8"), re.MULTILINE)


@dataclass
class Site:
    """A function of a file that compiles."""

    file: Path
    data: bytes
    start: int
    end: int

    @property
    def code(self) -> str:
        """The function's source."""
        return to_text(self.data[self.start : self.end])

    def splice(self, code: str) -> bytes:
        """Return the file with another source of the function."""
        return self.data[: self.start] + to_bytes(code) + self.data[self.end :]


def sites(files: list[Path], language: str, check: Callable[[Path, bytes], str]) -> Iterator[Site]:
    """Yield the functions of the files that compile unchanged."""
    for file in files:
        data = file.read_bytes()
        if check(file, data):
            continue
        end = 0
        for function in find_functions(parse(data, language), data, language):
            if function.node.start_byte >= end:  # nested functions are part of the outer one
                end = function.node.end_byte
                yield Site(file, data, function.node.start_byte, end)


def find_files(tree: Path | None, language: str, count: int) -> list[Path]:
    """Return files of a language in a checkout, or the responses of the authored pairs, in a seeded order."""
    row = get_language(language)
    if tree is None:
        files = sorted(AUTHORED.glob(f"{row.benchmark_name}/*/*/chosen.*"))
    else:
        files = sorted(path for path in tree.rglob("*") if path.suffix in row.extensions and path.is_file())
        files = [file for file in files if not re.search(r"test|bench|example|vendor", str(file.relative_to(tree)))]
    files.sort(key=lambda file: stable_id(file.name, file.parent.name))
    return files[:count]


def main() -> None:
    """Print the shares by language and operator."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, help="directory of source files (default: the authored pairs)")
    parser.add_argument("--flags", default="", help="further arguments of the compiler")
    parser.add_argument("--language", action="append", help="only these languages")
    parser.add_argument("--files", type=int, default=200, help="largest number of files")
    parser.add_argument("--per-operator", type=int, default=25, help="bugs per language and operator")
    parser.add_argument("--errors", type=Path, help="file to write what does not compile to")
    arguments = parser.parse_args()
    errors: list[str] = []
    for language in arguments.language or [row.name for row in LANGUAGES if row.injection]:
        programs = {"Go": "go", "Java": "javac", **{name: text.split()[0] for name, text in COMMANDS.items()}}
        if not shutil.which(programs.get(language, language)):
            print(f"{language}: no compiler")
            continue
        errors += measure(language, arguments)
    if arguments.errors:
        arguments.errors.write_text("\n".join(errors) + "\n")


def measure(language: str, arguments: argparse.Namespace) -> list[str]:
    """Print the shares of one language; return what does not compile."""
    check = compiler(language, arguments.flags.split(), arguments.tree is not None)
    found = list(sites(find_files(arguments.tree, language, arguments.files), language, check))
    random.Random(0).shuffle(found)
    tried: Counter[str] = Counter()
    failed: dict[str, list[str]] = defaultdict(list)
    drawn: Counter[str] = Counter()
    for site in found:
        for injection in inject(site.code, language, seed=stable_id(site.code), count=1):
            drawn["failed" if check(site.file, site.splice(injection.code)) else "compiled"] += 1
        if drawn.total() >= 8 * arguments.per_operator:
            break
    for operator in OPERATORS.names():
        for site in found:
            if tried[operator] >= arguments.per_operator:
                break
            for injection in inject(site.code, language, seed=stable_id(site.code), operators=[operator]):
                tried[operator] += 1
                if error := check(site.file, site.splice(injection.code)):
                    place = f"{language}\t{operator}\t{site.file}:{injection.line}"
                    failed[operator].append(f"{place}\t{error}\n{difference(site, injection.code)}")
    total, bad = tried.total(), sum(map(len, failed.values()))
    files = len({site.file for site in found})
    print(f"{language}: {files} files, {len(found)} functions")
    if drawn.total():
        print(f"  drawn as in curate {drawn['compiled'] / drawn.total():7.1%} of {drawn.total()}")
        print(f"  every operator     {1 - bad / total:7.1%} of {total}")
    for operator, lines in sorted(failed.items(), key=lambda item: -len(item[1])):
        print(f"    {operator:20} {1 - len(lines) / tried[operator]:7.1%} of {tried[operator]}")
    sys.stdout.flush()
    return [line for lines in failed.values() for line in lines]


def difference(site: Site, code: str) -> str:
    """Return the changed lines of a function."""
    import difflib

    lines = difflib.unified_diff(site.code.splitlines(), code.splitlines(), n=1, lineterm="")
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


if __name__ == "__main__":
    main()
