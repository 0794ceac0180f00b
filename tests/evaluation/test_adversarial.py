"""Adversarial edits change what a reader sees and not what the code does."""

import io
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from themis_rm.benchmark.authored import load_authored_pairs
from themis_rm.errors import SettingError
from themis_rm.evaluation.adversarial import EDITS, EditedCode, apply_edit, keeps_behavior
from themis_rm.evaluation.adversarial.attack import AttackSettings, attack
from themis_rm.evaluation.adversarial.edits.renaming import rename_locals
from themis_rm.evaluation.scores import read_scores
from themis_rm.languages import benchmark_languages, get_language
from themis_rm.languages.syntax import code_tokens, error_count, parse

ALL = load_authored_pairs()
FIRST = {
    row.benchmark_name: next(pair for pair in ALL if pair.language == row.benchmark_name)
    for row in benchmark_languages()
}
NAMES = EDITS.names()
TOKENS_STAY = [
    "comments",
    "claim",
    "injection",
    "closing-line",
    "padding",
    "reformatting",
]


@pytest.mark.parametrize("language_name", FIRST)
@pytest.mark.parametrize("name", TOKENS_STAY)
def test_comments_and_layout_do_not_change_the_tokens(name, language_name):
    code = FIRST[language_name].rejected
    edited = apply_edit(EDITS.get(name), code, language_name, "a")
    assert edited != code
    assert code_tokens(edited, language_name) == code_tokens(code, language_name)


@pytest.mark.parametrize("language_name", FIRST)
@pytest.mark.parametrize("name", NAMES)
def test_an_edit_adds_no_syntax_error(name, language_name):
    edited = apply_edit(EDITS.get(name), FIRST[language_name].chosen, language_name, "a")
    assert edited is None or error_count(parse(edited, language_name)) == 0


@pytest.mark.parametrize("name", NAMES)
def test_every_edit_fits_most_authored_responses(name):
    fits = sum(apply_edit(EDITS.get(name), pair.rejected, pair.language, pair.id) is not None for pair in ALL)
    assert fits > 0.6 * len(ALL)


@pytest.mark.parametrize("name", NAMES)
def test_an_edit_is_deterministic(name):
    pair = FIRST["Python"]
    assert apply_edit(EDITS.get(name), pair.chosen, "Python", "x") == apply_edit(
        EDITS.get(name), pair.chosen, "Python", "x"
    )


CHECKED = [p for p in ALL if p.language == "Python" and p.aspect == "Functional_Correctness"]


@pytest.mark.parametrize("name", NAMES)
def test_edited_python_responses_pass_and_fail_as_before(name, tmp_path):
    for number, pair in enumerate(CHECKED):
        for side, passes in (("chosen", True), ("rejected", False)):
            edited = apply_edit(EDITS.get(name), getattr(pair, side), "Python", pair.id)
            if edited is None:
                continue
            folder = tmp_path / f"{number}-{side}"
            folder.mkdir()
            (folder / "solution.py").write_text(edited, encoding="utf-8")
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


@pytest.mark.parametrize(("language_name", "code", "names"), RENAMED, ids=[case[0] for case in RENAMED])
def test_local_variables_are_renamed(language_name, code, names):
    edited, names_found = rename_locals(code, get_language(language_name))
    assert names_found == names
    assert all(edited.count(new) == code.count(old) for new, old in names.items())


VISIBLE_OUTSIDE = [
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


@pytest.mark.parametrize(("language_name", "code"), VISIBLE_OUTSIDE)
def test_a_name_that_is_visible_elsewhere_is_not_renamed(language_name, code):
    assert rename_locals(code, get_language(language_name)) is None


@pytest.mark.parametrize(
    ("edited", "kept"),
    [
        (EditedCode("def f(a):\n    return a + 1  # sure\n"), True),
        (EditedCode("def f(a):\n    return a + 2\n"), False),
        (EditedCode("def f(a):\n    return a + 1\n(\n"), False),
        (EditedCode("def f(b):\n    return b + 1\n", names={"b": "a"}), True),
        (EditedCode("def f(b):\n    return a + 1\n", names={"b": "a"}), True),
        (EditedCode("def f(a):\n    return a + 1\nx = 1\n", inserted=("x = 1\n",)), True),
        (EditedCode("def f(a):\n    return a - 1\nx = 1\n", inserted=("x = 1\n",)), False),
    ],
)
def test_the_syntax_tree_decides_whether_behavior_is_kept(edited, kept):
    assert keeps_behavior("def f(a):\n    return a + 1\n", edited, get_language("Python")) is kept


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


@given(LINES, st.sampled_from(list(EDITS)))
def test_an_edit_that_is_used_changes_the_code_without_new_errors(lines, edit):
    code = "\n".join(lines) + "\n"
    edited = apply_edit(edit, code, "Python", "p")
    assert edited is None or (
        edited != code and error_count(parse(edited, "Python")) <= error_count(parse(code, "Python"))
    )


TWO_EDITS = AttackSettings(edits=("padding", "reformatting"))


def test_padding_flips_every_pair_for_the_length_baseline(tmp_path):
    results = attack("length", "authored", tmp_path / "out", TWO_EDITS)
    flips = results.edits["padding"]
    assert (flips.flip_rate, flips.right_before) == (1.0, flips.flipped)
    assert flips.attacked.value < 0.05
    assert flips.shift > 1


def test_counts_of_languages_add_up_to_the_total(tmp_path):
    results = attack("length", "authored", tmp_path / "out", TWO_EDITS)
    for name, flips in results.edits.items():
        assert sum(cut.pairs for cut in results.by_language[name].values()) == flips.pairs
        assert sum(cut.flipped for cut in results.by_language[name].values()) == flips.flipped
        assert flips.pairs + results.unfit[name] == len(ALL)


def test_pairs_in_unknown_languages_are_scored_and_fit_no_edit(tmp_path):
    rows = [pair.to_benchmark_pair().to_dict() for pair in ALL[:4]]
    for row, language in zip(rows, ["COBOL", "", "TypeScript", rows[3]["language"]], strict=True):
        row["language"] = language
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    results = attack("length", tmp_path / "pairs.jsonl", tmp_path / "out", AttackSettings(edits=("padding",)))
    assert results.edits["padding"].pairs == 2
    assert results.unfit["padding"] == 2


def test_a_model_that_ignores_white_space_is_not_affected_by_layout(tmp_path):
    # The n-gram model drops white space, so another indentation must not change any score.
    from themis_rm.models.ngrams import NGramSettings, fit_ngrams

    rows = [{"chosen": f"return {n} + 1", "rejected": f"raise {n}"} for n in range(9)]
    fit_ngrams(rows, NGramSettings(bits=12)).save(tmp_path / "model")
    flips = attack(tmp_path / "model", "authored", tmp_path / "out", TWO_EDITS).edits["reformatting"]
    assert (flips.flipped, flips.shift) == (0, 0.0)


def test_scores_are_saved_per_edit(tmp_path):
    attack("length", "authored", tmp_path / "out", TWO_EDITS)
    assert len(read_scores(tmp_path / "out" / "padding.parquet")) == len(ALL)


def test_intervals_resample_tasks_where_the_benchmark_names_them(tmp_path):
    rows = [{**pair.to_benchmark_pair().to_dict(), "group": f"g{number // 6}"} for number, pair in enumerate(ALL)]
    for name, kept in (("tasks", rows), ("pairs", [{**row, "group": ""} for row in rows])):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
    tasks, pairs = (
        attack("random", tmp_path / f"{name}.jsonl", tmp_path / name, TWO_EDITS) for name in ("tasks", "pairs")
    )
    assert (tasks.unedited.tasks, pairs.unedited.tasks) == (40, None)
    one, other = tasks.edits["padding"], pairs.edits["padding"]
    assert one.before.tasks == one.attacked.tasks == one.both.tasks
    assert (one.flip_rate, one.flipped) == (other.flip_rate, other.flipped)
    assert (one.low, one.high) != (other.low, other.high)


def test_columns_and_languages_of_the_benchmark_can_be_set(tmp_path):
    rows = [{"ask": "Add.", "chosen": "return a", "rejected": "return b", "language": name} for name in ("C", "Go")]
    (tmp_path / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = AttackSettings(edits=("padding",), columns={"prompt": "ask"}, language="Go")
    assert attack("length", tmp_path / "x.jsonl", tmp_path / "out", settings).unedited.n == 1


def test_an_unknown_edit_is_an_error(tmp_path):
    with pytest.raises(SettingError, match=r"'paddings'.*Did you mean 'padding'"):
        attack("length", "authored", tmp_path / "out", AttackSettings(edits=("paddings",)))


def test_the_table_names_every_edit(tmp_path):
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(attack("length", "authored", tmp_path / "out", TWO_EDITS).table())
    assert "…" not in console.export_text()
