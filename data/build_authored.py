"""Build the Parquet file of the authored benchmark from the directories below ``data/authored``.

Run ``make authored`` (or ``python data/build_authored.py``) after any change to the pairs and commit the result.

One directory per pair, ``authored/<Language>/<FC|EE|ME|RM|SH>/<slug>/``, with ``prompt.md``, ``chosen.*``,
``rejected.*``, ``note.md`` (why chosen is better) and optionally ``check.*``: a program that passes with the chosen
response in ``solution.*`` and fails with the rejected one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.authored import AUTHORED_FILE, AuthoredPair
from themis_rm.criteria import criterion
from themis_rm.languages import get_benchmark_language
from themis_rm.storage.parquet import write_rows

ROOT = Path(__file__).parent / "authored"
SUBSET = "AUTHORED"

_PUBLIC_TYPE = re.compile(r"^public\s+(?:\w+\s+)*?(?:class|interface|record|enum)\s+(\w+)", re.MULTILINE)


def read_directories(root: Path = ROOT) -> Iterator[AuthoredPair]:
    """Yield the pairs below a directory in the order of their paths."""
    for prompt in sorted(root.glob("*/*/*/prompt.md")):
        yield read_directory(prompt.parent)


def read_directory(directory: Path) -> AuthoredPair:
    """Return the pair of one directory."""
    lang, short = directory.parts[-3], directory.parts[-2]
    chosen = _only_file(directory, "chosen")
    check = next((file for file in sorted(directory.iterdir()) if file.stem.casefold() == "check"), None)
    return AuthoredPair(
        id=f"authored/{lang}/{short}/{directory.name}",
        prompt=_text(directory / "prompt.md").strip(),
        chosen=_text(chosen).rstrip() + "\n",
        rejected=_text(_only_file(directory, "rejected")).rstrip() + "\n",
        aspect=criterion(short).benchmark_aspect,
        language=get_benchmark_language(lang).benchmark_name,
        subset=SUBSET,
        note=_text(directory / "note.md").strip(),
        check_file=check.name if check else "",
        check_program=_text(check) if check else "",
        response_file=_response_file(chosen) if check else "",
    )


def _only_file(directory: Path, stem: str) -> Path:
    (file,) = directory.glob(f"{stem}.*")
    return file


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _response_file(chosen: Path) -> str:
    # Checks import, require or include "solution". Java requires that a public class is in a file of its name.
    if chosen.suffix != ".java":
        return f"solution{chosen.suffix}"
    public = _PUBLIC_TYPE.search(_text(chosen))
    return f"{public[1]}.java" if public else "Solution.java"


if __name__ == "__main__":
    count = write_rows(AUTHORED_FILE, read_directories(), AuthoredPair.schema())
    sys.stdout.write(f"{count} pairs -> {AUTHORED_FILE}\n")
