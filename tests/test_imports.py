"""Import directions between packages, and what stays cheap to import."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "themis_rm"

FOUNDATION = {
    *(
        "errors",
        "system_errors",
        "threads",
        "terminal",
        "criteria",
        "records",
        "settings",
        "messages",
        "prompts",
        "progress",
        "results",
        "pipeline",
        "markdown",
        "registry",
    ),
    *("languages", "storage", "endpoints", "answers", "executors"),
}
"""Modules and packages that import each other, and no package of the table below."""

MAY_IMPORT = {
    "mining": set(),
    "judge": set(),
    "curation": {"mining", "judge"},
    "dataset": {"curation"},
    "models": set(),
    "execute": set(),
    "benchmark": {"mining", "curation", "dataset", "execute", "judge", "models"},
    "evaluation": {"benchmark", "dataset", "models"},
    "training": {"curation", "dataset", "models", "evaluation"},
    "serve": {"models"},
    "annotation": {"benchmark", "dataset", "evaluation", "models"},
    "report": {"models", "evaluation", "benchmark", "dataset", "annotation", "training"},
    "workflow": {"mining", "curation", "dataset", "training", "benchmark", "evaluation", "serve", "report"},
    "testing": {"models", "training", "curation", "execute", "benchmark", "evaluation"},
    "api": {
        *("mining", "curation", "dataset", "models", "training", "benchmark", "evaluation", "serve"),
        *("annotation", "report", "workflow"),
    },
    "cli": {
        *("mining", "curation", "dataset", "models", "training", "benchmark", "evaluation"),
        *("serve", "report", "workflow", "annotation"),
    },
    "__main__": {"cli"},
}
"""Package -> the packages that it may import. Data flows one way: no package imports one that is listed after it."""


def package_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported_packages(path: Path) -> set[str]:
    packages = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [node.module] if node.module != "themis_rm" else [f"themis_rm.{a.name}" for a in node.names]
        packages |= {name.split(".")[1] for name in names if name.startswith("themis_rm.")}
    return packages


def source_files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", source_files(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_imports_only_earlier_packages(path):
    package = package_of(path)
    if package == "__init__":  # imports the API on first use, see test_start_up_loads_no_torch
        return
    allowed = FOUNDATION | ({package} if package not in FOUNDATION else set()) | MAY_IMPORT.get(package, set())
    assert package in FOUNDATION or package in MAY_IMPORT, f"{package} is a new package: add it to MAY_IMPORT"
    assert imported_packages(path) - {"__version__"} <= allowed


def test_the_import_directions_have_no_cycle():
    seen: set[str] = set()
    for package, imported in MAY_IMPORT.items():
        assert imported <= seen, f"{package} imports a package that comes after it"
        seen.add(package)


def import_graph() -> dict[str, set[str]]:
    """Return package -> packages of MAY_IMPORT that its modules really import."""
    graph: dict[str, set[str]] = {package: set() for package in MAY_IMPORT}
    for path in source_files():
        if (package := package_of(path)) in graph:
            graph[package] |= imported_packages(path) & MAY_IMPORT.keys() - {package}
    return graph


def diagram() -> str:
    """Return the import graph as Mermaid, without edges that follow from others."""
    graph = {package: imported for package, imported in import_graph().items() if package not in {"__main__", "cli"}}
    reach: dict[str, set[str]] = {}
    for package, imported in graph.items():  # in the order of MAY_IMPORT, so that imports come first
        reach[package] = imported.union(*(reach[other] for other in imported))
    lines = ["```mermaid", "graph LR"]
    for package, imported in graph.items():
        direct = {other for other in imported if not any(other in reach[via] for via in imported - {other})}
        lines += [f"  {other} --> {package}" for other in sorted(direct)]
        lines += [f"  {package}"] if not imported and not any(package in others for others in graph.values()) else []
    return "\n".join([*lines, "```"])


def test_every_allowed_import_is_used():
    unused = {package: MAY_IMPORT[package] - imported for package, imported in import_graph().items()}
    assert {package: sorted(others) for package, others in unused.items() if others} == {}


def test_contributing_shows_the_import_graph():
    text = (PACKAGE.parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert diagram() in text, "run: python tests/test_imports.py"


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


if __name__ == "__main__":
    contributing = PACKAGE.parents[1] / "CONTRIBUTING.md"
    text = contributing.read_text(encoding="utf-8")
    start, end = text.index("```mermaid"), text.index("```", text.index("```mermaid") + 3) + 3
    contributing.write_text(text[:start] + diagram() + text[end:], encoding="utf-8")
