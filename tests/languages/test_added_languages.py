"""TypeScript and Rust, which the benchmark does not have, from a git history to pairs with injected bugs."""

import pytest
from tests.mining.conftest import History

from themis_rm.curation.curate import curate
from themis_rm.curation.inject import inject
from themis_rm.curation.settings import CurateSettings
from themis_rm.evaluation.adversarial import EDITS, apply_edit
from themis_rm.languages import LANGUAGES, benchmark_languages, get_language
from themis_rm.languages.syntax import error_count, parse
from themis_rm.mining.functions import TreeSettings, mine_trees
from themis_rm.mining.repositories import mine_repositories
from themis_rm.mining.settings import MineSettings
from themis_rm.pipeline import ExecutorSettings
from themis_rm.records import Solution
from themis_rm.storage.parquet import read_rows

ONE = ExecutorSettings(workers=1)

RUST = """/// Counts the values of a slice that are larger than a limit.
///
/// # Examples
///
/// ```
/// assert_eq!(count(&[1, 2], 1), 1);
/// ```
#[inline]
pub fn count(values: &[i64], limit: i64) -> usize {
    let mut total = 0;
    for value in values {
        if *value > limit {
            total += 1;
        }
    }
    total
}
"""

TYPESCRIPT = """/**
 * Counts the values of a list that are larger than a limit.
 *
 * @param values the list
 * @returns the number of larger values
 */
export function count(values: number[], limit: number): number {
  let total: number = 0;
  for (const value of values) {
    if (value > limit) {
      total += 1;
    }
  }
  return total;
}
"""

FILES = {"Rust": ("src/count.rs", RUST), "TypeScript": ("src/count.ts", TYPESCRIPT)}
NAMES = sorted(FILES)


def test_the_benchmark_keeps_its_eight_languages():
    assert [language.name for language in LANGUAGES if language not in benchmark_languages()] == NAMES
    assert len(benchmark_languages()) == 8


@pytest.mark.parametrize("name", NAMES)
def test_commits_are_mined_and_curated(name, tmp_path):
    path, code = FILES[name]
    history = History(tmp_path / "repository")
    history.commit("Count larger values", {path: code.replace("> limit", ">= limit").encode()})
    history.commit("Fix bug: wrong count because of an off-by-one error", {path: code.encode()})
    mine_repositories([str(history.path)], tmp_path / "commits", MineSettings(), ONE)
    report = curate(tmp_path / "commits" / "commits", None, tmp_path / "pairs", CurateSettings(), ONE)
    (pair,) = read_rows(tmp_path / "pairs" / "pairs")
    assert (report.kept, pair["language"], pair["criteria"]) == (1, name, ["FC"])
    assert (pair["chosen"], pair["rejected"]) == (code, code.replace("> limit", ">= limit"))


@pytest.mark.parametrize("name", NAMES)
def test_functions_of_a_tree_become_pairs_with_an_injected_bug(name, tmp_path):
    path, code = FILES[name]
    (tmp_path / "project" / path).parent.mkdir(parents=True)
    (tmp_path / "project" / path).write_text(code)
    mine_trees([tmp_path / "project"], tmp_path / "out", TreeSettings(), ONE)
    (row,) = read_rows(tmp_path / "out" / "solutions")
    solution = Solution.from_dict(row)
    assert (solution.language, solution.name, solution.instruction_source) == (name, "count", "comment")
    assert "larger than a limit." in solution.instruction
    assert not any(text in solution.instruction for text in ("Examples", "assert_eq", "@param", "///"))
    report = curate(None, tmp_path / "out" / "solutions", tmp_path / "pairs", CurateSettings(), ONE)
    (pair,) = read_rows(tmp_path / "pairs" / "pairs")
    assert (report.kept, pair["origin"], pair["language"], pair["chosen"]) == (1, "injection", name, solution.solution)


@pytest.mark.parametrize("name", NAMES)
def test_bugs_are_injected_without_syntax_errors(name):
    injections = inject(FILES[name][1], name, seed="1", count=20)
    assert len({injection.operator for injection in injections}) >= 5
    assert all(error_count(parse(injection.code, name)) == 0 for injection in injections)


@pytest.mark.parametrize("name", NAMES)
def test_every_adversarial_edit_fits(name):
    for edit in EDITS:
        edited = apply_edit(edit, FILES[name][1], name, "pair")
        assert edited is not None, edit.name
        assert error_count(parse(edited, name)) == 0


def test_a_method_of_an_impl_block_has_a_qualified_name():
    from themis_rm.languages.syntax import find_functions

    code = b"impl Stack {\n    /// Pops.\n    #[must_use]\n    fn pop(&mut self) -> u8 { 1 }\n}\n"
    (function,) = find_functions(parse(code, "Rust"), code, "Rust")
    assert function.name == "Stack.pop"
    assert [code[start:end].strip() for start, end in function.doc] == [b"/// Pops."]


def test_generic_typescript_is_parsed_with_its_own_grammar():
    assert error_count(parse("const f = <T>(x: T): T => <T>x;\n", "TypeScript")) == 0


@pytest.mark.parametrize(("alias", "name"), [("ts", "TypeScript"), ("rs", "Rust"), ("typescript", "TypeScript")])
def test_aliases_name_the_language(alias, name):
    assert get_language(alias).name == name
