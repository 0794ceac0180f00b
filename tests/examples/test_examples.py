"""Example scripts and notebooks run as they are."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"


def run(script, *arguments, cwd):
    command = [sys.executable, str(EXAMPLES / script), *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_score(tmp_path):
    assert "3 candidates, best first" in run("score.py", cwd=tmp_path)


def test_compare_models(tmp_path):
    output = run("compare_models.py", tmp_path / "out", cwd=tmp_path)
    assert "length" in output
    assert "random" in output


@pytest.fixture
def repository(tmp_path):
    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path / "repo", check=True, capture_output=True)

    (tmp_path / "repo").mkdir()
    git("init", "-q")
    source = tmp_path / "repo" / "stats.py"
    body = "def mean(values):\n    total = 0\n    for value in values:\n        total += value\n    return total / {}\n"
    for number in range(8):
        source.write_text(body.format("(len(values) - 1)") + f"\n\nNUMBER = {number}\n", encoding="utf-8")
        git("add", ".")
        git("commit", "-q", "-m", f"Add number {number} to the module of statistics")
        source.write_text(body.format("len(values)") + f"\n\nNUMBER = {number}\n", encoding="utf-8")
        git("commit", "-q", "-a", "-m", f"Fix off by one error in the mean, case {number}")
    return tmp_path / "repo"


def test_pairs_from_git(repository, tmp_path):
    output = run("pairs_from_git.py", repository, tmp_path / "out", cwd=tmp_path)
    assert list((tmp_path / "out" / "dataset" / "data").glob("*.parquet"))
    assert "load_dataset" in output


@pytest.mark.parametrize("notebook", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebook(notebook, tmp_path):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    content = nbformat.read(notebook, as_version=4)
    nbclient.NotebookClient(content, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in content.cells for output in cell.get("outputs", [])]
    assert any("text/html" in output.get("data", {}) for output in outputs)
