"""The arrows of import: which room may know which, and what stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "themis_rm"

ROOT = {
    *("errors", "criteria", "languages", "records", "settings", "prompts", "progress", "pipeline", "syntax"),
    *("branching", "tree_attention", "journal"),
}
"""Tables, the stage runner, and what scoring and training share: they know each other and no room."""

ROOMS = ("mine", "curate", "judge", "dataset", "train", "models", "execute", "benchmark", "serve", "report")

MAY_KNOW = {
    "mine": set(),
    "curate": {"mine"},
    "judge": set(),
    "dataset": {"curate"},
    "train": {"dataset"},
    "models": {"train", "judge"},
    "execute": set(),
    "benchmark": {"mine", "curate", "execute", "judge", "models"},
    "serve": {"models"},
    "report": {"benchmark", "dataset"},
    "workflow": set(ROOMS),
    "cli": {*ROOMS, "workflow"},
    "__main__": {"cli"},
}
"""Room -> the rooms that it may import; data flows one way, so no pair stands in both directions."""


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [node.module] if node.module != "themis_rm" else [f"themis_rm.{a.name}" for a in node.names]
        rooms |= {name.split(".")[1] for name in names if name.startswith("themis_rm.")}
    return rooms


def sources() -> list[Path]:
    data = PACKAGE / "benchmark" / "authored"
    return [p for p in sorted(PACKAGE.rglob("*.py")) if data not in p.parents]


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_knows_only_what_stands_before_it(path):
    room = room_of(path)
    if room == "__init__":
        assert not imported_rooms(path)
        return
    allowed = ROOT | ({room} if room not in ROOT else set()) | MAY_KNOW.get(room, set())
    assert room in ROOT or room in MAY_KNOW, f"{room} is a new room: say in MAY_KNOW what it may know"
    assert imported_rooms(path) - {"__version__"} <= allowed


def test_the_arrows_have_no_circle():
    seen: set[str] = set()
    for room, known in MAY_KNOW.items():
        assert known <= seen, f"{room} knows a room that comes after it"
        seen.add(room)


def loaded_by(statement: str) -> tuple[set[str], float]:
    code = (
        "import time, sys; t = time.perf_counter()\n"
        f"{statement}\n"
        "print(time.perf_counter() - t); print(' '.join(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    seconds, modules = out.split("\n", 1)
    return set(modules.split()), float(seconds)


@pytest.mark.parametrize("statement", ["import themis_rm", "import themis_rm.cli"])
def test_start_up_loads_no_torch(statement):
    modules, _ = loaded_by(statement)
    assert not {"torch", "transformers", "datasets", "scipy"} & modules


def test_importing_the_package_takes_less_than_300_milliseconds():
    assert min(loaded_by("import themis_rm")[1] for _ in range(3)) < 0.3
