"""Mining of source trees: documented functions in eight languages become solutions."""

import os

import pytest

from themis_rm.errors import InputError, SettingError
from themis_rm.languages import get_language
from themis_rm.mining.doctext import clean_doc
from themis_rm.mining.functions import TreeSettings, mine_trees
from themis_rm.pipeline import ExecutorSettings
from themis_rm.records import Solution
from themis_rm.storage.parquet import read_rows

FILES = {
    "a/add.c": "/* Add two numbers and clip\n"
    " * the sum.\n"
    " *\n"
    " * @param a one\n"
    " */\n"
    "int add(int a, int b)\n"
    "{\n"
    "    int c = a + b;\n"
    "    if (c > 9)\n"
    "        c = 9;\n"
    "    return c;\n"
    "}\n",
    "a/add.cpp": "/// \\brief Add two numbers and clip the sum.\n"
    "/// \\param a one\n"
    "template <typename T>\n"
    "T add(T a, T b) {\n"
    "  T c = a + b;\n"
    "  if (c > 9) {\n"
    "    c = 9;\n"
    "  }\n"
    "  return c;\n"
    "}\n",
    "a/Add.cs": "class A\r\n"
    "{\r\n"
    "    /// <summary>\r\n"
    '    /// Adds two numbers, see <see cref="B"/>.\r\n'
    "    /// </summary>\r\n"
    "    [Pure]\r\n"
    "    public int Add(int a, int b)\r\n"
    "    {\r\n"
    "        var c = a + b;\r\n"
    "        return c > 9 ? 9 : c;\r\n"
    "    }\r\n"
    "}\r\n",
    "a/add.go": "package a\n"
    "\n"
    "// Add returns the clipped sum of two numbers.\n"
    "func Add(a, b int) int {\n"
    "\tc := a + b\n"
    "\tif c > 9 {\n"
    "\t\tc = 9\n"
    "\t}\n"
    "\treturn c\n"
    "}\n",
    "a/Add.java": "class A {\n"
    "    /**\n"
    "     * Adds two {@code int} numbers.\n"
    "     *\n"
    "     * @param a one\n"
    "     * @return the clipped sum of both\n"
    "     */\n"
    "    @Override\n"
    "    public int add(int a, int b) {\n"
    "        int c = a + b;\n"
    "        if (c > 9) c = 9;\n"
    "        return c;\n"
    "    }\n"
    "}\n",
    "a/add.js": "/**\n"
    " * Adds two numbers and clips the sum.\n"
    " * @param {number} a\n"
    " */\n"
    "export const add = (a, b) => {\n"
    "  let c = a + b;\n"
    "  if (c > 9) {\n"
    "    c = 9;\n"
    "  }\n"
    "  return c;\n"
    "};\n",
    "a/add.py": "class A:\n"
    "    @staticmethod\n"
    "    def add(a, b):\n"
    '        """Add two numbers and clip the sum.\n'
    "\n"
    "        Args:\n"
    "            a: One.\n"
    '        """\n'
    "\n"
    "        c = a + b\n"
    "        if c > 9:\n"
    "            c = 9\n"
    "        return c\n",
    "a/add.rb": "module A\n"
    "  # Adds two numbers and clips the sum.\n"
    "  #\n"
    "  # @param a [Integer]\n"
    "  def self.add(a, b)\n"
    "    c = a + b\n"
    "    if c > 9\n"
    "      c = 9\n"
    "    end\n"
    "    c\n"
    "  end\n"
    "end\n",
}
LONG = "\n".join(f"    x += {n}" for n in range(8))


def python(name, doc="Do the thing that is asked.", body=LONG):
    return f'def {name}(x):\n    """{doc}"""\n{body}\n    return x\n'


@pytest.fixture
def tree(tmp_path):
    folder = tmp_path / "project"
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode())
    return folder


def mine(tree, out, workers=1, **settings):
    report = mine_trees([tree], out, TreeSettings(**settings), ExecutorSettings(workers=workers))
    rows = [Solution.from_dict(row) for row in read_rows(out / "solutions")] if report.kept else []
    return report, rows


def test_functions_of_all_eight_languages_are_mined(tree, tmp_path):
    _, rows = mine(tree, tmp_path / "out")
    assert sorted(row.language for row in rows) == ["C", "C#", "C++", "Go", "Java", "JavaScript", "Python", "Ruby"]


def test_rows_have_paths_relative_to_the_tree(tree, tmp_path):
    _, rows = mine(tree, tmp_path / "out")
    assert {(row.repos, row.file_path) for row in rows} == {("project", path) for path in FILES}


def test_the_instruction_has_documentation_and_signature_without_markup(tree, tmp_path):
    _, rows = mine(tree, tmp_path / "out")
    for row in rows:
        assert "add" in row.instruction.lower()
        assert "two" in row.instruction
        assert not any(mark in row.instruction for mark in ("@param", "\\param", "<summary>", "{@code", "Args:", "/*"))
    by = {row.language: row for row in rows}
    assert "It returns the clipped sum of both." in by["Java"].instruction
    assert "public int add(int a, int b)" in by["Java"].instruction
    assert "see B." in by["C#"].instruction


def test_the_solution_has_no_indentation_and_no_documentation(tree, tmp_path):
    _, rows = mine(tree, tmp_path / "out")
    by = {row.language: row for row in rows}
    assert by["Python"].solution == (
        "@staticmethod\ndef add(a, b):\n    c = a + b\n    if c > 9:\n        c = 9\n    return c"
    )
    assert by["C#"].solution.startswith("[Pure]\npublic int Add(int a, int b)\n{\n    var c")
    assert by["Ruby"].solution.endswith("\n  c\nend")
    assert by["C++"].solution.startswith("template <typename T>\nT add(")
    assert by["JavaScript"].solution.startswith("export const add = (a, b) => {")
    assert all("two numbers" not in row.solution for row in rows)


def test_rows_have_names_lines_and_the_kind_of_documentation(tree, tmp_path):
    _, rows = mine(tree, tmp_path / "out")
    by = {row.language: row for row in rows}
    assert (by["Python"].name, by["Python"].line, by["Python"].instruction_source) == ("A.add", 2, "docstring")
    assert (by["Java"].name, by["Java"].line, by["Java"].instruction_source) == ("A.add", 8, "comment")
    assert by["C"].name == by["C++"].name == "add"


def test_dropped_functions_are_counted_by_reason(tmp_path):
    folder = tmp_path / "t"
    folder.mkdir()
    parts = [
        python("good"),
        python("short", body="    x += 1"),
        python("silent", doc=""),
        python("legal", doc="Copyright by someone, all rights reserved."),
        python("long", body=(LONG + "\n") * 20),
        f"def bare(x):\n{LONG}\n",
        python("good"),
    ]
    (folder / "a.py").write_text("\n\n".join(parts))
    report, rows = mine(folder, tmp_path / "out")
    assert [row.name for row in rows] == ["good"]
    assert report.dropped == {"duplicate": 1, "no-doc": 1, "too-long": 1, "too-short": 1, "uninformative-doc": 2}
    assert report.read == report.kept + sum(report.dropped.values())


def test_excluded_files_are_counted_by_reason(tmp_path):
    folder = tmp_path / "t"
    (folder / "tests").mkdir(parents=True)
    (folder / "a.py").write_text(python("f"))
    (folder / "tests" / "b.py").write_text(python("g"))
    (folder / "test_c.py").write_text(python("h"))
    (folder / "latin.py").write_bytes("# \xe9\n".encode("latin-1"))
    (folder / "big.py").write_text("x = 1\n" * 5000)
    (folder / "made.py").write_text("# Code generated by x. DO NOT EDIT.\n" + python("i"))
    (folder / "min.py").write_text("x = '" + "y" * 3000 + "'\n")
    (folder / "null.py").write_bytes(b"x = 1\0\n")
    (folder / "link.py").symlink_to("a.py")
    (folder / "dangling.py").symlink_to("missing.py")
    os.mkfifo(folder / "pipe.py")
    report, rows = mine(folder, tmp_path / "out", max_file_bytes=20_000)
    assert [row.name for row in rows] == ["f"]
    assert report.details == {
        "files-binary": 1,
        "files-generated": 1,
        "files-minified": 1,
        "files-not-a-file": 1,
        "files-not-utf8": 1,
        "files-read": 1,
        "files-symlink": 2,
        "files-test-file": 2,
        "files-too-large": 1,
    }


def test_the_output_does_not_depend_on_the_number_of_workers(tree, tmp_path):
    for n in range(20):
        (tree / f"m{n}.py").write_text(python(f"f{n}", body=f"    x -= {n}\n" + LONG))
    mine(tree, tmp_path / "one", workers=1)
    mine(tree, tmp_path / "two", workers=2)
    names = sorted(p.name for p in (tmp_path / "one" / "solutions").iterdir())
    assert names == sorted(p.name for p in (tmp_path / "two" / "solutions").iterdir())
    for name in names:
        assert (tmp_path / "one/solutions" / name).read_bytes() == (tmp_path / "two/solutions" / name).read_bytes()


def test_the_seed_decides_which_functions_are_drawn(tmp_path):
    folder = tmp_path / "t"
    folder.mkdir()
    for n in range(40):
        (folder / f"m{n}.py").write_text(python(f"f{n}", body=f"    x -= {n}\n" + LONG))
    drawn = [mine(folder, tmp_path / f"out{n}", max_functions=16, seed=n % 2)[1] for n in range(3)]
    assert [len(rows) for rows in drawn] == [16, 16, 16]
    assert drawn[0] == drawn[2] != drawn[1]


def test_functions_per_file_are_limited(tmp_path):
    folder = tmp_path / "t"
    folder.mkdir()
    (folder / "a.py").write_text("\n\n".join(python(f"f{n}", body=f"    x -= {n}\n" + LONG) for n in range(10)))
    report, rows = mine(folder, tmp_path / "out", max_per_file=4)
    assert (len(rows), report.dropped) == (4, {"over-file-quota": 6})


def test_a_header_that_only_parses_as_cpp_is_cpp(tmp_path):
    folder = tmp_path / "t"
    folder.mkdir()
    (folder / "a.h").write_text("namespace n {\nclass A {\n public:\n" + FILES["a/add.cpp"] + "};\n}\n")
    _, rows = mine(folder, tmp_path / "out")
    assert [(row.language, row.name) for row in rows] == [("C++", "A.add")]


def test_top_level_packages_can_be_repositories(tmp_path):
    for place in ("lib/numbers/adding.py", "lib/texts/deep/joining.py", "lib/alone.py"):
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        name = path.stem
        path.write_text(f'def {name}(x):\n    """Say what {name} does."""\n    y = {{{name!r}: x}}\n    return y\n')
    mine_trees(
        [tmp_path / "lib"],
        tmp_path / "out",
        TreeSettings(repository_per_package=True, min_lines=2),
        ExecutorSettings(workers=1),
    )
    repos = {row["repos"] for row in read_rows(tmp_path / "out" / "solutions")}
    assert repos == {"lib/numbers", "lib/texts", "lib/alone"}


def test_the_report_is_saved_with_the_rows(tree, tmp_path):
    report = mine_trees([tree], tmp_path / "out", TreeSettings(), ExecutorSettings(workers=1))
    assert type(report).load(tmp_path / "out") == report


def test_results_of_a_changed_tree_are_replaced(tree, tmp_path):
    mine(tree, tmp_path / "out")
    (tree / "a" / "add.py").unlink()
    _, rows = mine(tree, tmp_path / "out")
    assert "Python" not in {row.language for row in rows}


def test_the_license_is_detected(tree, tmp_path):
    (tree / "LICENSE").write_text("SPDX-License-Identifier: MIT\n")
    _, rows = mine(tree, tmp_path / "out", languages=["python"])
    assert [(row.language, row.license) for row in rows] == [("Python", "MIT")]


def test_the_license_can_be_set(tree, tmp_path):
    _, rows = mine(tree, tmp_path / "out", license="ISC")
    assert {row.license for row in rows} == {"ISC"}


def test_a_missing_tree_is_a_user_error(tmp_path):
    with pytest.raises(InputError, match="not a directory"):
        mine_trees([tmp_path / "nowhere"], tmp_path / "out", TreeSettings(), ExecutorSettings(workers=1))


def test_two_trees_with_the_same_name_are_a_user_error(tmp_path):
    for parent in ("a", "b"):
        (tmp_path / parent / "src").mkdir(parents=True)
    with pytest.raises(InputError, match="src"):
        mine_trees(
            [tmp_path / "a/src", tmp_path / "b/src"], tmp_path / "out", TreeSettings(), ExecutorSettings(workers=1)
        )


def test_an_unknown_language_is_rejected():
    with pytest.raises(SettingError, match="Python"):
        TreeSettings.build({"languages": ["Pyton"]})


@pytest.mark.parametrize(
    ("raw", "docstring", "clean"),
    [
        ('"""Return the sum of all values.\n\n    >>> f()\n    3\n    """', True, "Return the sum of all values."),
        ("'''Too short.'''", True, ""),
        ('"""Return x.\n\n    :param a: the first\n    :returns: the number of apples\n    """', True,
         "Return x.\n\nIt returns the number of apples."),
        ("/** Counts <b>all</b> the {@link Apple} trees. */", False, "Counts all the Apple trees."),
        ("// TODO: count all of the apples later", False, ""),
        ("# Counts all of the apples:\n#\n# apples - a list", False, "Counts all of the apples."),
        ("// https://example.org/a/long/link/to/something", False, ""),
        ("/* Zählt äöü ßßß ÄÖÜ äöü öäü öüä ßäö Äpfel übrig öfter alle */", False, ""),
    ],
)  # fmt: skip
def test_documentation_is_converted_to_prose(raw, docstring, clean):
    documentation = get_language("Python" if docstring else "Java").documentation
    assert clean_doc(raw.split("\n") if raw.startswith("#") else [raw], documentation) == clean
