"""Sources of security fixes: SafeCoder, VJBench, CodePrefBench, Vul4J, SecBench, and their shared functions."""

import gzip
import json
import re
import subprocess
from collections import Counter

import pytest

from themis_rm.benchmark.sources.cleaning.fixes import dedent_code, is_fragment, remove_fix_comments
from themis_rm.benchmark.sources.cleaning.names import neutralize_name, neutralize_names
from themis_rm.benchmark.sources.formats.commits import find_changed_function
from themis_rm.benchmark.sources.source import SOURCES, SourcePair, UnusableRecord
from themis_rm.errors import InputError


def read(name, directory):
    rows = list(SOURCES.get(name).read(directory))
    return [row for row in rows if isinstance(row, SourcePair)], [
        row for row in rows if isinstance(row, UnusableRecord)
    ]


# Shared functions


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("    def f():\n        return 1\n", "def f():\n    return 1\n"),
        ("\tif x:\n\t\ty\nz", "if x:\n\ty\nz\n"),
        ("\n  a\n b\n", "a\nb\n"),
    ],
)
def test_the_indentation_of_the_first_line_is_removed(code, expected):
    assert dedent_code(code) == expected


def test_mixed_tabs_and_spaces_become_spaces():
    assert dedent_code("    if (x)\n\t{\n\t}\n") == "if (x)\n{\n}\n"


@pytest.mark.parametrize(
    ("code", "language", "fragment"),
    [
        ("}, function (a) {\n  b();\n}", "JavaScript", True),
        ("function f() {}", "JavaScript", False),
        ("FOO(int, f) (int a", "C", False),
    ],
)
def test_fragments_are_detected(code, language, fragment):
    assert is_fragment(code, language) is fragment


def test_a_comment_that_explains_the_fix_is_removed():
    sides = remove_fix_comments("# escape it to avoid XSS\n\n# page\nf(e(x))\n", "# page\nf(x)\n", "Python")
    assert sides == ("\n# page\nf(e(x))\n", "# page\nf(x)\n")


def test_a_revealing_comment_on_both_sides_stays():
    sides = ("# safe mode\nf(1)\n", "# safe mode\nf(2)\n")
    assert remove_fix_comments(*sides, "Python") == sides


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("GoodBaseNode", "BaseNode"),
        ("query_bad", "query"),
        ("badModel", "model"),
        ("FIXED_RANDOM", "RANDOM"),
        ("Bad", "Example"),
        ("good2", "example2"),
        ("_unsafe_run", "_run"),
        ("badge", "badge"),
        ("userName", "userName"),
    ],
)
def test_revealing_names_are_neutralized(old, new):
    assert neutralize_name(old) == new


def test_names_that_are_only_used_stay():
    code = "import yaml\n\ndef load_safe(text):\n    return yaml.safe_load(text)\n"
    assert neutralize_names(code, "Python") == code.replace("load_safe", "load")


def test_names_that_would_become_equal_get_a_number():
    code = "def first_bad(a):\n    return first(a)\n\ndef first(a):\n    return a\n"
    assert neutralize_names(code, "Python") == code.replace("first_bad", "first2")


# SafeCoder


def record(**changes):
    return {
        "func_name": "run",
        "func_src_before": "    def run(self, name):\n        os.system('ls ' + name)",
        "func_src_after": "    def run(self, name):\n        subprocess.run(['ls', name])",
        "commit_link": "example.org/a/b/commit/1",
        "file_name": "lib/a.py",
        "vul_type": "cwe-078",
        "description": "Write a Python method that lists a directory.",
    } | changes


def safecoder(tmp_path, *records):
    path = tmp_path / "val" / "sec-desc.jsonl"
    path.parent.mkdir()
    path.write_text("".join(json.dumps(row) + "\n" for row in records), encoding="utf-8")
    return tmp_path


def test_a_function_before_and_after_a_fix_is_a_pair(tmp_path):
    (pair,), _ = read("safecoder", safecoder(tmp_path, record()))
    assert pair.chosen == "def run(self, name):\n    subprocess.run(['ls', name])\n"
    assert pair.rejected == "def run(self, name):\n    os.system('ls ' + name)\n"
    assert (pair.prompt, pair.rule, pair.name) == (record()["description"], "CWE-078", "run")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"file_name": "a.php"}, "language"),
        ({"description": "Write an intentionally insecure query."}, "asks-for-the-weakness"),
        ({"file_name": "a.js", "func_src_before": "}, function (", "func_src_after": "}, function (a"}, "fragment"),
    ],
)
def test_unusable_records_are_counted_by_reason(tmp_path, change, reason):
    assert [row.reason for row in read("safecoder", safecoder(tmp_path, record(**change)))[1]] == [reason]


def test_a_duplicate_is_counted(tmp_path):
    assert [row.reason for row in read("safecoder", safecoder(tmp_path, record(), record()))[1]] == ["duplicate"]


def test_a_description_that_mentions_the_difference_is_not_a_prompt(tmp_path):
    revealing = record(description="Write a method, with the second version safely calling ls.")
    assert read("safecoder", safecoder(tmp_path, revealing))[0][0].prompt == ""


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(InputError, match="vul_type"):
        read("safecoder", safecoder(tmp_path, record(vul_type=None)))


# VJBench


def test_vjbench_reads_the_restructured_method_and_its_patch(tmp_path):
    case = tmp_path / "VJBench-trans" / "Shop-1"
    case.mkdir(parents=True)
    (tmp_path / "VJBench_dataset.csv").write_text('Vulnerability IDs,CWE Type\nShop-1,"CWE-22,CWE-23"\n')
    (case / "Shop-1_code_structure_change_only.java").write_text("    int f() {\n        return g();\n    }\n")
    (case / "Shop-1_patch_for_code_structure_change_only.java").write_text(
        "// import H\nint f() {\n    return h();\n}\n"
    )
    (tmp_path / "VJBench-trans" / "Shop-2").mkdir()
    (pair,), dropped = read("vjbench", tmp_path)
    assert (pair.chosen, pair.rejected) == ("int f() {\n    return h();\n}\n", "int f() {\n    return g();\n}\n")
    assert pair.rule == "CWE-22,CWE-23"
    assert [row.reason for row in dropped] == ["one-side-only"]


# CodePrefBench


def test_codeprefbench_chooses_the_gold_choice(tmp_path):
    rows = [
        {"task_id": "CSE/1", "instruction": "Hash it.", "choices": ["h = md5()", "h = sha256()"], "gt_choice": 1},
        {"task_id": "CSE/2", "instruction": "Hash it.", "choices": ["a"], "gt_choice": 0},
        {"task_id": "CSE/3", "instruction": "Hash it.", "choices": ["a", "b"], "gt_choice": 2},
        {"task_id": "CSE/1", "instruction": "Hash it.", "choices": ["a", "b"], "gt_choice": 0},
    ]
    (tmp_path / "eval").mkdir()
    with gzip.open(tmp_path / "eval" / "security-alignment.jsonl.gz", "wt") as handle:
        handle.writelines(json.dumps(row) + "\n" for row in rows)
    (pair,), dropped = read("codeprefbench", tmp_path)
    assert (pair.chosen, pair.rejected, pair.prompt) == ("h = sha256()\n", "h = md5()\n", "Hash it.")
    assert [row.reason for row in dropped] == ["not-two-choices", "no-gold-choice", "duplicate"]


def test_a_truncated_file_is_reported(tmp_path):
    (tmp_path / "security-alignment.jsonl.gz").write_bytes(gzip.compress(b'{"task_id": "CSE/1"}\n' * 99)[:20])
    with pytest.raises(InputError, match="Cannot read"):
        read("codeprefbench", tmp_path)


# Commits

BEFORE = """\
import java.io.*;

class A {
    int f() {
        return 1;
    }

    int g() {
        return 2;
    }
}
"""


def test_the_only_changed_function_is_found():
    name, one, other = find_changed_function(BEFORE, BEFORE.replace("2", "3"), "Java")
    assert (name, dedent_code(one), dedent_code(other)) == (
        "A.g",
        "int g() {\n    return 2;\n}\n",
        "int g() {\n    return 3;\n}\n",
    )


@pytest.mark.parametrize(
    "after",
    [
        BEFORE.replace("return 1", "return 3").replace("return 2", "return 4"),
        BEFORE.replace("return 1", "return 3").replace("java.io", "java.net"),
        BEFORE.replace("int g", "int h"),
    ],
    ids=["two functions", "function and import", "another name"],
)
def test_other_changes_are_not_a_single_function(after):
    assert find_changed_function(BEFORE, after, "Java") is None


class Clone:
    """A git repository in a temporary directory."""

    def __init__(self, path):
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "-q")

    def git(self, *arguments):
        settings = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        done = subprocess.run(["git", *settings, *arguments], cwd=self.path, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, files):
        for name, text in files.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text(text, encoding="utf-8")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "change")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def clone(tmp_path):
    made = Clone(tmp_path / "repos" / "shop" / "cart")
    made.first = made.commit({"A.java": BEFORE, "b.c": "int b;\n"})
    return made


def secbench(tmp_path, *rows):
    lines = ["owner,project,sha,sha-p,year,language,cve_id,cwe_id,score,severity"]
    lines += [f"shop,cart,{sha},,2015,{language},,{cwe},," for sha, language, cwe in rows]
    (tmp_path / "secbench.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_a_fix_is_read_from_a_clone(tmp_path, clone):
    fix = clone.commit({"A.java": BEFORE.replace("2", "3"), "ATest.java": "class ATest {}\n", "NEWS.md": "x\n"})
    (pair,), _ = read("secbench", secbench(tmp_path, (fix, "java", "CWE-22")))
    assert (pair.chosen, pair.rejected) == ("int g() {\n    return 3;\n}\n", "int g() {\n    return 2;\n}\n")
    assert (pair.key, pair.group, pair.rule, pair.criterion) == (f"shop/cart@{fix}", "shop/cart", "CWE-22", "SH")


def test_a_memory_leak_is_about_memory_efficiency(tmp_path, clone):
    fix = clone.commit({"b.c": "int c;\n"})
    assert read("secbench", secbench(tmp_path, (fix, "c", "CWE-401")))[0][0].criterion == "ME"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"A.java": "class A {}\n", "b.c": "int c;\n"}, "several-files"),
        ({"NEWS.md": "x\n"}, "no-source-file"),
        ({"New.java": "class New {}\n"}, "one-side-only"),
    ],
)
def test_unusable_commits_are_counted_by_reason(tmp_path, clone, files, reason):
    rows = secbench(tmp_path, (clone.commit(files), "java", ""))
    assert [row.reason for row in read("secbench", rows)[1]] == [reason]


@pytest.mark.parametrize(
    ("sha", "language", "reason"),
    [
        ("0" * 40, "java", "commit-not-in-clone"),
        ("--output=x", "java", "no-commit-named"),
        ("abcdef1", "php", "language"),
        ("first", "java", "no-single-parent"),
    ],
)
def test_rows_without_a_usable_commit_are_counted_by_reason(tmp_path, clone, sha, language, reason):
    rows = secbench(tmp_path, (clone.first if sha == "first" else sha, language, ""))
    assert [row.reason for row in read("secbench", rows)[1]] == [reason]


def test_vul4j_reads_its_patch_urls(tmp_path, clone):
    fix = clone.commit({"A.java": BEFORE.replace("1", "5")})
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "vul4j_dataset.csv").write_text(
        "no,vul_id,cve_id,cwe_id,cwe_name,human_patch\n"
        f'1,VUL4J-1,CVE-1,CWE-22,"Path, traversal",https://github.com/shop/cart/commit/{fix[:9]}\n'
        "2,VUL4J-2,CVE-2,Not Mapping,Not Mapping,https://example.org/x\n"
        "3,VUL4J-3,CVE-3,Not Mapping,Not Mapping,https://github.com/else/where/commit/abcdef12\n"
    )
    (pair,), dropped = read("vul4j", tmp_path)
    assert (pair.key, pair.rule, pair.name) == ("VUL4J-1", "CWE-22 Path, traversal", "A.f")
    assert [row.reason for row in dropped] == ["no-commit-named", "no-clone"]


def test_extracted_versions_replace_clones(tmp_path):
    row = {"key": "VUL4J-9", "file": "src/A.java", "before": BEFORE, "after": BEFORE.replace("2", "3")}
    (tmp_path / "fixes.jsonl").write_text(json.dumps(row) + "\n")
    assert [pair.key for pair in read("vul4j", tmp_path)[0]] == ["VUL4J-9"]
    (tmp_path / "fixes.jsonl").write_text(json.dumps(row | {"after": None}) + "\n")
    with pytest.raises(InputError, match="after"):
        read("vul4j", tmp_path)


def test_a_table_without_a_column_is_reported(tmp_path):
    (tmp_path / "secbench.csv").write_text("owner,project\n")
    with pytest.raises(InputError, match="sha"):
        read("secbench", tmp_path)


# The reference data

FROZEN = {
    "safecoder": (499, {"fragment": 33, "duplicate": 15, "asks-for-the-weakness": 1}),
    "vjbench": (50, {}),
    "secbench": (0, {"no-clone": 352, "language": 320, "duplicate": 4}),
}


@pytest.mark.parametrize("name", FROZEN)
def test_reference_data_yields_the_known_counts(name, shared):
    count, reasons = FROZEN[name]
    pairs, dropped = read(name, SOURCES.get(name).directory_in(shared / "sources"))
    assert len(pairs) == len({pair.key for pair in pairs}) == count
    assert Counter(row.reason for row in dropped) == reasons
    assert {pair.language for pair in pairs} <= set(SOURCES.get(name).languages)
    revealing = re.compile(r"(?i)second version|insecure|vulnerab")
    assert not [pair.key for pair in pairs if revealing.search(pair.prompt)]
