"""A language that defines only names, extensions and a grammar: what needs more counts a reason and continues."""

import pickle

import pytest
from tests.mining.conftest import History

from themis_rm.curation.curate import curate
from themis_rm.curation.inject.step import InjectBugs, InjectSettings
from themis_rm.curation.settings import CurateSettings
from themis_rm.errors import SettingError
from themis_rm.evaluation.adversarial import EDITS, apply_edit
from themis_rm.execute.check import Check
from themis_rm.execute.runner import run_check
from themis_rm.languages import LANGUAGES, Language, MissingPartError, get_benchmark_language, language_of_path
from themis_rm.languages.syntax import parse_fragment
from themis_rm.mining.functions import TreeSettings, mine_trees
from themis_rm.mining.repositories import mine_repositories
from themis_rm.mining.settings import MineSettings
from themis_rm.pipeline import DROPPED, ExecutorSettings, to_document
from themis_rm.records import Solution

ONE = ExecutorSettings(workers=1)
BARE = Language(name="Bare", fence="bare", extensions=(".bare",), grammar="tree_sitter_python")
CODE = "def f(values):\n    # Add one.\n    total = sum(values)\n    return total + 1\n"


@pytest.fixture(autouse=True)
def _bare_language():
    LANGUAGES.register(BARE)
    yield
    del LANGUAGES._items["Bare"]


def test_a_language_that_is_registered_later_is_found():
    assert language_of_path("a/b.bare") is BARE


def test_commits_are_mined_and_counted_in_curation(tmp_path):
    history = History(tmp_path / "repository")
    history.commit("Add one to the sum", {"a.bare": CODE.encode()})
    history.commit("Fix off-by-one error in the sum", {"a.bare": CODE.replace("+ 1", "+ 2").encode()})
    assert mine_repositories([str(history.path)], tmp_path / "commits", MineSettings(), ONE).kept == 1
    report = curate(tmp_path / "commits" / "commits", None, tmp_path / "pairs", CurateSettings(), ONE)
    assert report.dropped == {"no-syntax-table": 1}


def test_files_of_a_tree_are_counted(tmp_path):
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "a.bare").write_text(CODE)
    report = mine_trees([tmp_path / "project"], tmp_path / "out", TreeSettings(), ONE)
    assert (report.kept, report.details["files-no-syntax-table"]) == (0, 1)


def test_solutions_are_counted_in_bug_injection():
    values = dict.fromkeys(("id", "instruction", "repos", "file_path", "license", "name", "instruction_source"), "x")
    solution = Solution(**values, solution=CODE, language="Bare", line=1)
    step = InjectBugs(InjectSettings())
    assert list(step.run([to_document(solution.to_dict())])) == []
    assert step.stats[f"{DROPPED}injection-not-supported"].total + step.stats[f"{DROPPED}no-syntax-table"].total == 1


@pytest.mark.parametrize("name", EDITS.names())
def test_no_adversarial_edit_fits(name):
    assert apply_edit(EDITS.get(name), CODE, "Bare", "pair") is None


def test_a_check_has_no_toolchain():
    outcome = run_check(Check(id="a", language="Bare"), CODE)
    assert (outcome.state, outcome.note) == ("no-toolchain", "Bare has no toolchain")


def test_code_is_parsed_without_a_syntax_table():
    assert not parse_fragment(CODE, "Bare").tree.root_node.has_error


def test_the_benchmark_rejects_the_language():
    with pytest.raises(SettingError, match="The benchmark does not have the language 'bare'"):
        get_benchmark_language("bare")


def test_the_error_keeps_its_reason_between_processes():
    with pytest.raises(MissingPartError) as raised:
        BARE.require_toolchain()
    assert pickle.loads(pickle.dumps(raised.value)).reason == "no-toolchain"


def test_two_languages_cannot_have_the_same_extension():
    LANGUAGES.register(Language(name="Twin", fence="twin", extensions=(".bare",), grammar="tree_sitter_python"))
    try:
        with pytest.raises(SettingError, match=r"Two languages have the extension '\.bare': Bare, Twin"):
            language_of_path("a.bare")
    finally:
        del LANGUAGES._items["Twin"]
