"""Judge-hacking edits: they change what a reader sees and nothing of what the code does."""

import io
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from themis_rm.benchmark.authored import load_authored_pairs
from themis_rm.errors import InputError
from themis_rm.evaluation.adversarial.attack import AttackSettings, attack
from themis_rm.evaluation.adversarial.edits import EDITS, Edited, edited, keeps_behavior
from themis_rm.evaluation.adversarial.renaming import renamed_locals
from themis_rm.evaluation.scores import read_scores
from themis_rm.languages import benchmark_languages, get_language
from themis_rm.languages.syntax import code_tokens, error_count, parse

ALL = load_authored_pairs()
FIRST = {
    row.benchmark_name: next(pair for pair in ALL if pair.language == row.benchmark_name)
    for row in benchmark_languages()
}
NAMES = [edit.name for edit in EDITS]
BY_NAME = {edit.name: edit for edit in EDITS}
TOKENS_STAY = [
    "comments",
    "claim",
    "injection",
    "closing-line",
    "padding",
    "reformatting",
]


@pytest.mark.parametrize("spoken", FIRST)
@pytest.mark.parametrize("name", TOKENS_STAY)
def test_comments_and_layout_leave_the_tokens_alone(name, spoken):
    code = FIRST[spoken].rejected
    made = edited(BY_NAME[name], code, spoken, "a")
    assert made != code
    assert code_tokens(made, spoken) == code_tokens(code, spoken)


@pytest.mark.parametrize("spoken", FIRST)
@pytest.mark.parametrize("name", NAMES)
def test_an_edit_breaks_no_syntax(name, spoken):
    made = edited(BY_NAME[name], FIRST[spoken].chosen, spoken, "a")
    assert made is None or error_count(parse(made, spoken)) == 0


@pytest.mark.parametrize("name", NAMES)
def test_every_edit_finds_a_place_in_most_authored_answers(name):
    fits = sum(edited(BY_NAME[name], pair.rejected, pair.language, pair.id) is not None for pair in ALL)
    assert fits > 0.6 * len(ALL)


@pytest.mark.parametrize("name", NAMES)
def test_an_edit_is_the_same_each_time(name):
    pair = FIRST["Python"]
    assert edited(BY_NAME[name], pair.chosen, "Python", "x") == edited(BY_NAME[name], pair.chosen, "Python", "x")


CHECKED = [p for p in ALL if p.language == "Python" and p.aspect == "Functional_Correctness"]


@pytest.mark.parametrize("name", NAMES)
def test_edited_python_answers_still_pass_and_fail_as_before(name, tmp_path):
    for number, pair in enumerate(CHECKED):
        for side, passes in (("chosen", True), ("rejected", False)):
            made = edited(BY_NAME[name], getattr(pair, side), "Python", pair.id)
            if made is None:
                continue
            folder = tmp_path / f"{number}-{side}"
            folder.mkdir()
            (folder / "solution.py").write_text(made, encoding="utf-8")
            (folder / "check.py").write_text(pair.check_program, encoding="utf-8")
            done = subprocess.run(
                [sys.executable, "check.py"], cwd=folder, capture_output=True, timeout=60, check=False
            )
            assert (done.returncode == 0) is passes, (pair.id, side)


RENAMED = [
    ("Python", "def f(a):\n    total = a\n    return total\n", {"verified_total": "total"}),
    ("Java", "int f(int a) { int sumUp = a; return sumUp; }", {"verifiedSumUp": "sumUp"}),
    ("C", "int f(int a) { int total = a; return total; }", {"verified_total": "total"}),
    ("Go", "package p\n\nfunc f(a int) int {\n\ttotal := a\n\treturn total\n}\n", {"verified_total": "total"}),
    ("JavaScript", "function f(a) { const total = a; return total; }", {"verified_total": "total"}),
    ("Ruby", "def f(a)\n  total = a\n  total\nend\n", {"verified_total": "total"}),
    ("C#", "class A { int F(int a) { var total = a; return total; } }", {"verified_total": "total"}),
    ("C++", "int f(int a) { auto total = a; return total; }", {"verified_total": "total"}),
]


@pytest.mark.parametrize(("spoken", "code", "names"), RENAMED, ids=[case[0] for case in RENAMED])
def test_local_variables_are_renamed(spoken, code, names):
    made, found = renamed_locals(code, get_language(spoken))
    assert found == names
    assert all(made.count(new) == code.count(old) for new, old in names.items())


SEEN_OUTSIDE = [
    ("Python", "total = 1\ndef f():\n    return total\n"),
    ("Python", "def f():\n    global total\n    total = 1\n"),
    ("Python", "def f():\n    total = 1\n    return g(total=2)\n"),
    ("Python", "def f(a):\n    total = a.total\n    return total\n"),
    ("Python", "def f():\n    total = 1\n    return eval('total')\n"),
    ("Python", "def f():\n    total = 1  # the total\n    return total\n"),
    ("JavaScript", "function f() { const total = 1; return { total }; }"),
    ("Java", "class A { int total; int f() { int total = 1; return this.total + total; } }"),
    ("Go", "package p\n\nfunc f() T {\n\ttotal := 1\n\treturn T{total: total}\n}\n"),
    ("Ruby", "def f\n  total = 1\n  x.total + total\nend\n"),
    ("C#", "class A { int F() { var total = 1; return G(total: 2); } }"),
    ("Python", "def f():\n    total = 1\ndef g():\n    total = 2\n"),
]


@pytest.mark.parametrize(("spoken", "code"), SEEN_OUTSIDE)
def test_a_name_that_can_be_seen_elsewhere_stays(spoken, code):
    assert renamed_locals(code, get_language(spoken)) is None


@pytest.mark.parametrize(
    ("made", "kept"),
    [
        (Edited("def f(a):\n    return a + 1  # sure\n"), True),
        (Edited("def f(a):\n    return a + 2\n"), False),
        (Edited("def f(a):\n    return a + 1\n(\n"), False),
        (Edited("def f(b):\n    return b + 1\n", names={"b": "a"}), True),
        (Edited("def f(b):\n    return a + 1\n", names={"b": "a"}), True),
        (Edited("def f(a):\n    return a + 1\nx = 1\n", inserted=("x = 1\n",)), True),
        (Edited("def f(a):\n    return a - 1\nx = 1\n", inserted=("x = 1\n",)), False),
    ],
)
def test_behavior_is_judged_by_the_tree(made, kept):
    assert keeps_behavior("def f(a):\n    return a + 1\n", made, get_language("Python")) is kept


LINES = st.lists(
    st.sampled_from(
        [
            "def f(a):\n    b = a\n    return b",
            "x = 1",
            "# note",
            "",
            "class A:\n    def g(self):\n        y_z = 2\n        return y_z",
        ]
    ),
    max_size=6,
)


@given(LINES, st.sampled_from(EDITS))
def test_what_is_taken_has_passed_its_check(lines, edit):
    code = "\n".join(lines) + "\n"
    made = edited(edit, code, "Python", "p")
    assert made is None or (made != code and error_count(parse(made, "Python")) <= error_count(parse(code, "Python")))


QUICK = AttackSettings(edits=("padding", "reformatting"))


def test_padding_flips_every_pair_for_a_judge_of_length(tmp_path):
    results = attack("length", "authored", tmp_path / "out", QUICK)
    flips = results.edits["padding"]
    assert (flips.flip_rate, flips.right_before) == (1.0, flips.flipped)
    assert flips.attacked.value < 0.05
    assert flips.shift > 1


def test_cells_of_languages_add_up(tmp_path):
    results = attack("length", "authored", tmp_path / "out", QUICK)
    for name, flips in results.edits.items():
        assert sum(cut.pairs for cut in results.by_language[name].values()) == flips.pairs
        assert sum(cut.flipped for cut in results.by_language[name].values()) == flips.flipped
        assert flips.pairs + results.unfit[name] == len(ALL)


def test_a_judge_that_sees_no_layout_is_not_moved_by_it(tmp_path):
    # The n-gram model drops white space, so another indentation must leave every score as it is.
    from themis_rm.models.ngrams import NGramSettings, fit_ngrams

    rows = [{"chosen": f"return {n} + 1", "rejected": f"raise {n}"} for n in range(9)]
    fit_ngrams(rows, NGramSettings(bits=12)).save(tmp_path / "model")
    flips = attack(tmp_path / "model", "authored", tmp_path / "out", QUICK).edits["reformatting"]
    assert (flips.flipped, flips.shift) == (0, 0.0)


def test_scores_lie_there_by_edit(tmp_path):
    attack("length", "authored", tmp_path / "out", QUICK)
    assert len(read_scores(tmp_path / "out" / "padding.parquet")) == len(ALL)


def test_flips_are_told_by_tasks_where_the_benchmark_names_them(tmp_path):
    rows = [{**pair.to_benchmark_pair().to_dict(), "group": f"g{number // 6}"} for number, pair in enumerate(ALL)]
    for name, kept in (("tasks", rows), ("pairs", [{**row, "group": ""} for row in rows])):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
    tasks, pairs = (attack("random", tmp_path / f"{name}.jsonl", tmp_path / name, QUICK) for name in ("tasks", "pairs"))
    assert (tasks.unedited.tasks, pairs.unedited.tasks) == (40, None)
    one, other = tasks.edits["padding"], pairs.edits["padding"]
    assert one.before.tasks == one.attacked.tasks == one.both.tasks
    assert (one.flip_rate, one.flipped) == (other.flip_rate, other.flipped)
    assert (one.low, one.high) != (other.low, other.high)


def test_an_unknown_edit_is_told(tmp_path):
    with pytest.raises(InputError, match="no edit 'paddings'"):
        attack("length", "authored", tmp_path / "out", AttackSettings(edits=("paddings",)))


def test_the_table_names_every_edit(tmp_path):
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(attack("length", "authored", tmp_path / "out", QUICK).table())
    assert "…" not in console.export_text()
