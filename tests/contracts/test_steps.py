"""Checks that every data stage passes: picklable steps, complete counts, slugs as reasons, resume."""

import dataclasses
import pickle
import re
from pathlib import Path

import pytest

from themis_rm.curation.curate import commit_steps, curate, solution_steps
from themis_rm.curation.settings import CurateSettings
from themis_rm.dataset.assemble import assemble
from themis_rm.dataset.settings import AssembleSettings
from themis_rm.mining.functions import TreeSettings, mine_trees
from themis_rm.pipeline import ExecutorSettings, StageReport
from themis_rm.records import CodePair, Commit, Solution
from themis_rm.storage.parquet import write_rows

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
CODE = """def mean_{i}(values):
    total = sum(values)
    if not values:
        return {i}
    return total / len(values)
"""


def commits():
    plain = Commit(
        commit="c",
        subject="Fix bug: crash on an empty list",
        message="Fix bug: crash on an empty list",
        repos="r",
        file_path="a.py",
        license="MIT",
        unix_time=1,
        new_contents="",
        old_contents="",
        language="Python",
    )
    for i in range(12):
        new = CODE.format(i=i)
        yield dataclasses.replace(
            plain, commit=f"c{i}", new_contents=new, old_contents=new.replace("not ", ""), repos=f"r{i % 4}"
        )
    yield dataclasses.replace(plain, new_contents="x", old_contents="y")
    yield dataclasses.replace(plain, file_path="tests/test_a.py", new_contents=CODE, old_contents=CODE + "x = 1\n")
    yield dataclasses.replace(plain, message="Say hello", new_contents=CODE, old_contents=CODE + "x = 1\n")


def solutions():
    for i in range(6):
        yield Solution(
            id=str(i),
            instruction="Write the mean of a list.",
            solution=CODE.format(i=100 + i),
            language="Python",
            repos=f"s{i}",
            file_path="m.py",
            license="",
            name=f"mean_{i}",
            line=1,
            instruction_source="docstring",
        )


def run_functions(folder: Path, workers: int) -> StageReport:
    tree = folder / "tree"
    tree.mkdir(exist_ok=True)
    for i in range(5):
        code = CODE.format(i=i).replace(":\n", ':\n    """Return the mean of some values."""\n', 1)
        (tree / f"m{i}.py").write_text(code)
    (tree / "odd.py").write_bytes(b"\xff\xfe")
    return mine_trees(
        [tree], folder / f"functions{workers}", TreeSettings(min_lines=2), ExecutorSettings(workers=workers)
    )


def run_curate(folder: Path, workers: int) -> StageReport:
    write_rows(folder / "commits" / "0.parquet", commits(), Commit.schema())
    write_rows(folder / "solutions" / "0.parquet", solutions(), Solution.schema())
    out = folder / f"curate{workers}"
    return curate(folder / "commits", folder / "solutions", out, CurateSettings(), ExecutorSettings(workers=workers))


def run_assemble(folder: Path, workers: int) -> StageReport:
    if not (folder / "curate1").exists():
        run_curate(folder, 1)
    settings = AssembleSettings(validation=0.2, test=0, time_cutoff=None)
    return assemble(
        folder / "curate1" / "pairs", folder / f"assemble{workers}", settings, ExecutorSettings(workers=workers)
    )


STAGES = {"functions": run_functions, "curate": run_curate, "assemble": run_assemble}


def data_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*.parquet"))}


@pytest.mark.parametrize("stage", STAGES)
def test_the_output_does_not_depend_on_the_number_of_workers(stage, tmp_path):
    for workers in (1, 2):
        STAGES[stage](tmp_path, workers)
    assert data_of(tmp_path / f"{stage}1") == data_of(tmp_path / f"{stage}2") != {}


@pytest.mark.parametrize("stage", STAGES)
def test_reasons_are_slugs(stage, tmp_path):
    report = STAGES[stage](tmp_path, 1)
    assert report.kept
    assert [reason for reason in report.dropped if not SLUG.fullmatch(reason)] == []


@pytest.mark.parametrize("stage", STAGES)
def test_the_report_is_saved_with_the_rows(stage, tmp_path):
    report = STAGES[stage](tmp_path, 1)
    assert StageReport.load(tmp_path / f"{stage}1") == report


@pytest.mark.parametrize("stage", STAGES)
def test_a_second_run_changes_nothing(stage, tmp_path):
    first = STAGES[stage](tmp_path, 1)
    before = data_of(tmp_path / f"{stage}1")
    again = STAGES[stage](tmp_path, 1)
    assert (again.read, again.kept, again.dropped) == (first.read, first.kept, first.dropped)
    assert data_of(tmp_path / f"{stage}1") == before


def test_dropped_rows_of_curation_are_in_the_directory_of_their_reason(tmp_path):
    report = run_curate(tmp_path, 1)
    folders = {folder.name for folder in (tmp_path / "curate1" / "dropped").iterdir()}
    assert folders == set(report.dropped)


@pytest.mark.parametrize("steps", [commit_steps, solution_steps], ids=lambda f: f.__name__)
def test_every_step_can_be_pickled(steps, tmp_path):
    for step in steps(CurateSettings(), tmp_path):
        assert type(pickle.loads(pickle.dumps(step))) is type(step)


def test_pairs_name_their_commit_or_operator(tmp_path):
    from themis_rm.storage.parquet import read_rows

    run_curate(tmp_path, 1)
    rows = [CodePair.from_dict(row) for row in read_rows(tmp_path / "curate1" / "pairs")]
    assert {row.origin for row in rows} == {"commit", "injection"}
    assert all(row.criteria and (row.operator if row.origin == "injection" else row.commit) for row in rows)
