"""Fingerprints change with what a stage reads and executes, and with nothing else."""

import subprocess

import pytest

from themis_rm.curation.curate import curate
from themis_rm.evaluation.evaluate import evaluate
from themis_rm.mining.repositories import mine_repositories
from themis_rm.training.runner import train
from themis_rm.workflow.fingerprints import (
    SOURCE,
    code_fingerprint,
    import_closure,
    path_fingerprint,
    repository_fingerprint,
    tree_fingerprint,
)


def git(folder, *args):
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(folder), *args],
        check=True,
        capture_output=True,
    )


def test_a_repository_changes_with_a_commit_and_not_with_its_work_tree(tmp_path):
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "one")
    before = repository_fingerprint(str(tmp_path))
    (tmp_path / "untracked").write_text("x")
    assert repository_fingerprint(str(tmp_path)) == before
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "two")
    assert repository_fingerprint(str(tmp_path)) != before


def test_a_tree_changes_with_a_file(tmp_path):
    (tmp_path / "a.py").write_text("x")
    before = tree_fingerprint(tmp_path)
    assert tree_fingerprint(tmp_path) == before
    (tmp_path / "b.py").write_text("y")
    assert tree_fingerprint(tmp_path) != before


def test_compiled_files_do_not_count(tmp_path):
    (tmp_path / "a.py").write_text("x")
    before = tree_fingerprint(tmp_path)
    (tmp_path / "a.pyc").write_text("y")
    assert tree_fingerprint(tmp_path) == before


def test_a_path_changes_with_the_name_and_the_content_of_its_files(tmp_path):
    (tmp_path / "a").write_text("x")
    before = path_fingerprint(str(tmp_path))
    (tmp_path / "a").rename(tmp_path / "b")
    renamed = path_fingerprint(str(tmp_path))
    (tmp_path / "b").write_text("y")
    assert len({before, renamed, path_fingerprint(str(tmp_path))}) == 3


def test_a_name_without_a_file_is_its_own_fingerprint():
    assert path_fingerprint("authored") == path_fingerprint("authored") != path_fingerprint("other")


MODULES = {
    "__init__.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from themis_rm.api import run\n",
    "api.py": "from themis_rm.unrelated import thing\n",
    "unrelated.py": "",
    "first/__init__.py": "",
    "first/work.py": "def work():\n    from themis_rm.second import helper\n",
    "second/__init__.py": "",
    "second/helper.py": "import themis_rm.third\n",
    "third.py": "from themis_rm.registry import Registry\nITEMS = Registry[str]('item', 'g', 'themis_rm.items')\n",
    "registry.py": "class Registry: ...\n",
    "items/__init__.py": "",
    "items/one.py": "",
    "items/two/__init__.py": "from themis_rm.registry import Registry\nTWO = Registry('item', 'g', package=__name__)\n",
    "items/two/three.py": "",
}


@pytest.fixture
def source(tmp_path):
    for name, text in MODULES.items():
        path = tmp_path / "themis_rm" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_the_closure_follows_imports_in_functions_and_registries(source):
    names = {"first", "first.work", "second", "second.helper", "third", "registry", "items", "items.one", "items.two"}
    names.add("items.two.three")
    assert import_closure(frozenset(["themis_rm.first.work"]), source) == {
        "themis_rm",
        *(f"themis_rm.{name}" for name in names),
    }


def test_the_closure_ignores_imports_for_type_checking(source):
    assert "themis_rm.unrelated" not in import_closure(frozenset(["themis_rm.first.work"]), source)


def packages(function):
    names = import_closure(frozenset([function.__module__]), SOURCE)
    return {name.split(".")[1] for name in names if "." in name}


def test_curation_depends_on_the_mining_modules_that_it_imports():
    names = import_closure(frozenset([curate.__module__]), SOURCE)
    assert any(name.startswith("themis_rm.mining.") for name in names)


@pytest.mark.parametrize(
    ("function", "unrelated"),
    [
        (mine_repositories, {"curation", "training", "models", "evaluation", "serve", "report", "cli"}),
        (curate, {"training", "models", "evaluation", "serve", "report", "cli"}),
        (train, {"mining", "serve", "report", "cli"}),
        (evaluate, {"training", "serve", "report", "cli"}),
    ],
)
def test_a_stage_does_not_depend_on_unrelated_packages(function, unrelated):
    assert not packages(function) & unrelated


def test_training_depends_on_every_loss_term():
    names = import_closure(frozenset([train.__module__]), SOURCE)
    assert {f"themis_rm.training.losses.{name}" for name in ("bradley_terry", "center_rewards")} <= names


def test_functions_with_different_code_have_different_fingerprints():
    assert len({code_fingerprint(function) for function in (mine_repositories, curate, train, evaluate)}) == 4
