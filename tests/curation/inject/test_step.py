"""The pipeline step: solutions in, pairs out."""

from dataclasses import replace

import pytest

from themis_rm.curation.inject import OPERATORS
from themis_rm.curation.inject.step import NO_BUG_SITE, InjectBugs, InjectSettings
from themis_rm.errors import SettingError
from themis_rm.pipeline import DROPPED, to_document
from themis_rm.records import CodePair, Solution

CODE = """def f(path, n):
    with open(path) as fh:
        for line in fh:
            if len(line) > n:
                n += 1
    return n
"""
MEMORY = {row.name for row in OPERATORS if row.criterion == "ME"}


def solution(code=CODE, number=0):
    return Solution(
        id=f"s{number}",
        instruction="Count.",
        solution=code,
        language="Python",
        repos="r",
        file_path="a.py",
        license="MIT",
        name="f",
        line=3,
        instruction_source="docstring",
    )


def run(settings, rows):
    step = InjectBugs(settings)
    return step, [CodePair.from_dict(d.metadata) for d in step.run(to_document(row.to_dict()) for row in rows)]


def test_a_pair_has_the_columns_of_its_solution():
    _, (pair,) = run(InjectSettings(memory=False), [solution()])
    assert (pair.chosen, pair.instruction, pair.repos, pair.file_path, pair.license, pair.language) == (
        CODE,
        "Count.",
        "r",
        "a.py",
        "MIT",
        "Python",
    )
    assert (pair.origin, pair.criteria, pair.instruction_source, pair.commit) == ("injection", ["FC"], "docstring", "")
    assert pair.operator in {row.name for row in OPERATORS}


def test_a_solution_without_a_bug_site_is_counted():
    step, pairs = run(InjectSettings(), [solution("def f():\n    g()\n")])
    assert pairs == []
    assert step.stats[DROPPED + NO_BUG_SITE].total == 1


def test_ids_are_stable_and_differ():
    rows = [solution(number=n) for n in range(5)]
    _, once = run(InjectSettings(per_solution=2), rows)
    _, again = run(InjectSettings(per_solution=2), rows)
    assert [p.id for p in once] == [p.id for p in again]
    assert len({p.id for p in once}) == len(once) == 10


def test_another_seed_makes_other_bugs():
    rows = [solution(number=n) for n in range(10)]
    _, once = run(InjectSettings(), rows)
    _, other = run(InjectSettings(seed=1), rows)
    assert [p.rejected for p in once] != [p.rejected for p in other]


def test_memory_operators_label_memory_efficiency():
    _, pairs = run(InjectSettings(memory_share=1.0), [solution(number=n) for n in range(10)])
    assert {tuple(p.criteria) for p in pairs} == {("ME",)}
    assert {p.operator for p in pairs} <= MEMORY


def test_memory_operators_can_be_disabled():
    _, pairs = run(InjectSettings(memory=False), [solution(number=n) for n in range(10)])
    assert {tuple(p.criteria) for p in pairs} == {("FC",)}


def test_an_unknown_operator_in_the_weights_is_an_error():
    with pytest.raises(SettingError, match="off-by-one"):
        InjectSettings.build({"weights": {"off-by-on": 1}})


def recurse(tree):
    yield from recurse(tree)


def test_a_solution_that_is_too_deep_for_an_operator_is_counted_and_the_others_give_pairs(monkeypatch):
    operator = OPERATORS.get("comparison-boundary")
    propose = operator.propose
    recursive = replace(operator, propose=lambda tree: recurse(tree) if b"deep" in tree.data else propose(tree))
    monkeypatch.setattr("themis_rm.curation.inject.engine.list_operators", lambda: [recursive])
    step, pairs = run(InjectSettings(memory=False), [solution(CODE.replace("n", "deep"), 1), solution()])
    assert step.stats[f"{DROPPED}too-deep"].total == 1
    assert len(pairs) == 1
