"""Recognize files that are not code of the project itself by their path: tests, vendored, generated and other files.

A path consists of directories and a file name. Patterns in lower case match any case; others match as they are written,
so that ``*[a-z]Test`` finds ``ParserTest`` but neither ``latest`` nor ``contest``.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from pathlib import PurePosixPath

from themis_rm.languages import LANGUAGES, language_of_path

HIDDEN, VENDORED, GENERATED, BUILD = "hidden-file", "vendored", "generated", "build-output"
TEMPLATE, TEST, BENCHMARK = "template", "test-file", "benchmark-file"
DOCUMENTATION, EXAMPLE = "documentation", "example"

PATH_KINDS = {
    HIDDEN: "a file or directory whose name starts with a dot",
    VENDORED: "a copy of another project",
    GENERATED: "written by a program",
    BUILD: "a product of a build",
    TEMPLATE: "a template with placeholders instead of code",
    TEST: "a test, or data and helpers of tests",
    BENCHMARK: "a benchmark",
    DOCUMENTATION: "code in the documentation",
    EXAMPLE: "an example, a demonstration or a tutorial",
}
"""Kinds that a path reveals -> meaning, in the order in which they are looked for."""

_DIRECTORIES = {
    VENDORED: (
        *("vendor", "vendored", "_vendor", "third_party", "third-party", "thirdparty", "third_parties"),
        *("3rdparty", "3rd_party", "3rd-party", "3rdparties", "node_modules", "bower_components", "jspm_packages"),
        *("site-packages", "dist-packages", "Godeps", "Carthage", "Pods", "extlib", "extlibs", "external_libs"),
    ),
    GENERATED: ("generated", "_generated", "__generated__", "generated-src", "generated_src", "generated-sources"),
    BUILD: ("dist", "_build", "cmake-build-*", "cmakefiles", "__pycache__", "*.egg-info", "webpack-dist"),
    TEMPLATE: ("*{{*", "*}}*", "*{%*", "*<%*", "*[%]*[%]*", "__*@*__", "archetype-resources"),
    TEST: (
        *("test", "tests", "testing", "testdata", "test_data", "test-data", "testfiles", "testfixtures", "testsuite"),
        *("testcases", "test_cases", "test-cases", "test-suite", "test_suite", "testsuites", "testutil", "testutils"),
        *("test_util", "test_utils", "test-utils", "test_helpers", "test-helpers", "test_support", "test-support"),
        *("__tests__", "__test__", "__mocks__", "__fixtures__", "__snapshots__", "spec", "specs", "fixtures"),
        *("unittest", "unittests", "functionaltests", "integrationtests", "androidtest", "e2e", "cypress"),
        *("step_definitions", "*[._-]tests", "*[._-]test", "*.tests.*", "*.test.*", "*.unittests.*"),
        *("*[a-z0-9]Tests", "*[a-z0-9]Test", "*.Specs", "*[a-z]Specs"),
    ),
    BENCHMARK: (
        *("bench", "benches", "benchmark", "benchmarks", "benchmarking", "microbenchmarks", "perftest", "perftests"),
        *("jmh", "*[._-]bench", "*[._-]benchmark", "*[._-]benchmarks", "*[a-z]Benchmark", "*[a-z]Benchmarks"),
    ),
    DOCUMENTATION: ("documentation", "javadoc", "apidoc", "apidocs", "docs_src", "docsrc", "doc-src"),
    EXAMPLE: (
        *("example", "examples", "samples", "demo", "demos", "tutorial", "tutorials", "quickstart", "quickstarts"),
        *("*[._-]examples", "*[._-]example", "*[._-]samples", "*[._-]demo", "*[._-]demos"),
        *("*[a-z]Examples", "*[a-z]Samples", "*[a-z]Demos"),
    ),
}
"""Kind -> patterns of directories anywhere in a path."""

_TOP = {
    VENDORED: (0, {"deps", "external", "externals", "extern"}),
    BUILD: (0, {"build", "out", "target", "obj"}),
    DOCUMENTATION: (2, {"doc", "docs"}),
    EXAMPLE: (0, {"sample"}),
}
"""Kind -> most directories above, and names of directories that may be source further down or below ``src``."""

_ADJACENT = re.compile(
    r"/(?:generators/(?:.*/)?templates|target/(?:classes|test-classes|generated-[\w-]+|debug|release)|build/(?:generated|classes|libs|tmp|"
    r"intermediates)|(?:obj|bin|out)/(?:debug|release|production)|wwwroot/lib|public/(?:packs|assets))/",
    re.IGNORECASE,
)

_FILES = {
    VENDORED: (
        *("*[a-z][-.]v[0-9].[0-9]*.js", "*[a-z][-.][0-9].[0-9]*.js", "versioneer.py"),
        *("html5shiv.js", "json2.js", "es5-shim.js", "shcore.js", "shbrush*.js", "catch.hpp", "catch2.hpp"),
        *("catch_amalgamated.*", "stb_*.h", "uthash.h", "utlist.h", "sqlite3.c", "sqlite3ext.h"),
    ),
    GENERATED: (
        *("*.pb.*", "*_pb.js", "*_pb.d.ts", "*_pb.rb", "*_pb.ts", "*.pbobjc.*", "*.generated.*", "*_generated.*"),
        *("*.gen.*", "*[._-]autogen.*", "zz_generated*", "*.min.*", "*.bundle.*", "*.chunk.*"),
        *("*.g.cs", "*.g.i.cs", "*.designer.cs", "temporarygeneratedfile_*", "*.assemblyinfo.cs", "assemblyinfo.cs"),
        *("*modelsnapshot.cs", "*_pb2.py", "*_pb2_grpc.py", "parsetab.py", "lextab.py"),
        *("*OuterClass.java", "*[a-z]Grpc.java", "R.java", "buildconfig.java"),
        *("moc_*.cpp", "qrc_*.cpp", "*.tab.c", "*.tab.h", "*.tab.cpp", "*.tab.hpp", "*.yy.c", "lex.*.c"),
        *("*.grpc.*", "*.freezed.*", "bindata.go", "*_bindata.go", "*_easyjson.go"),
        "*.twirp.go",
    ),
    TEMPLATE: (
        *("*{{*", "*}}*", "*<%*", "*.tmpl.*", "*.tpl.*", "*.jinja.*", "*.jinja2.*", "*.j2.*", "*.mustache.*"),
        *("*.hbs.*", "*.ejs.*", "*.erb.*", "*.template.*", "*.vm.*", "*.ftl.*", "[%]*[%]*", "__*@*__*"),
    ),
    TEST: (
        *("test_*.*", "test-*.*", "test.*", "tests.*", "*_test.*", "*_tests.*", "*-test.*", "*-tests.*", "*.test.*"),
        *("*.tests.*", "*.spec.*", "*.e2e.*", "*.cy.*", "*[_-]unittest.*", "*[_-]unittests.*", "*[_-]fuzzer.*"),
        *("*_test_helper.*", "*_test_helpers.*", "*_test_util.*", "*_test_utils.*", "*_test_base.*", "*_test_case.*"),
        *("*_test_data.*", "*-test-utils.*", "*-test-helpers.*"),
        *("*_browsertest.*", "tst_*.*", "conftest.py", "spec_helper.rb", "rails_helper.rb", "*_steps.rb"),
        *("setuptests.*", "*[a-z0-9]Test.*", "*[a-z0-9]Tests.*", "*TestCase.*", "*TestCases.*", "*[a-z]IT.java"),
        *("Test[A-Z]*.java", "Test[A-Z]*.cs", "Test[A-Z]*.c", "Test[A-Z]*.cpp", "Test[A-Z]*.cc", "Test[A-Z]*.h"),
        *("*[a-z0-9]Specs.cs", "*TestBase.*", "*TestFixture.*", "*[a-z0-9]Spec.js", "*[a-z0-9]Spec.ts"),
        *("*[_-]spec.js", "*[_-]spec.ts", "*[_-]spec.mjs", "*[_-]spec.jsx", "*_spec.rb", "spec.js", "spec.ts"),
    ),
    BENCHMARK: (
        *("bench_*.*", "bench-*.*", "*_bench.*", "*-bench.*", "*.bench.*", "bench.*", "benchmark.*", "benchmarks.*"),
        *("benchmark_*.*", "benchmark-*.*", "*_benchmark.*", "*_benchmarks.*", "*-benchmark.*", "*-benchmarks.*"),
        *("*.benchmark.*", "*[a-z0-9]Benchmark.*", "*[a-z0-9]Benchmarks.*", "Benchmark[A-Z]*.*"),
    ),
    EXAMPLE: (
        *("example.*", "examples.*", "example_*.*", "example-*.*", "*_example.*", "*-example.*", "*.example.*"),
        *("demo.*", "demo_*.*", "demo-*.*", "*_demo.*", "*-demo.*", "*.stories.*"),
        *("*[a-z0-9]Example.*", "*[a-z0-9]Examples.*", "*[a-z0-9]Demo.*"),
    ),
}
"""Kind -> patterns of file names."""

_PROSE = re.compile(
    r".+\.(?:md|markdown|mdown|mkd|mdx|rst|adoc|asciidoc|textile|rdoc|pod|creole|texi|texinfo|[1-9])"
    r"|(?:readme|change_?logs?|changes|history|news|release[-_]?notes|upgrading|migrating|whatsnew|authors|contributors"
    r"|contributing|maintainers|thanks|todo)(?:[-_.][\w-]+)*",
    re.IGNORECASE,
)
"""Names of prose in any directory, such as manual pages and changelogs; those of source files do not count."""

_NO_TEST = re.compile(r"(?:(?:^|[_-])(?:hit|ab|a_b)|Hit|AB|Stencil|Scissor)[_-]?[Tt]est(?:\.(?!go$)|$)")
"""Names that end in a word for a test and do not mean one: hit tests, A/B tests and the like."""

_SOURCE = frozenset({"src", "lib", "libs", "source", "app", "internal", "pkg", "include"})
_PACKAGES = frozenset({"com", "org", "net", "io", "edu", "dev", "java"})
"""Directories of Java below which ``example`` and ``demo`` are parts of a package name."""

_LIBRARIES = frozenset(
    {
        *("jquery", "bootstrap", "angular", "backbone", "underscore", "lodash", "mootools", "zepto", "modernizr", "d3"),
        *("knockout", "handlebars", "raphael", "scriptaculous", "ext-all", "tinymce", "ckeditor", "codemirror"),
        *("mathjax", "select2", "highcharts"),
    }
)
"""Stems of JavaScript files that are copies of a library, except in the library itself."""


@lru_cache(1 << 16)
def kind_of_path(path: str, repository: str = "") -> str:
    """Return the kind of a file that is not code of the project, as a slug, or ``""`` for every other file.

    Args:
        path: Path in the repository or tree, with slashes.
        repository: Name of the repository, if known: a library is not vendored in its own repository.
    """
    *directories, name = path.split("/")
    found = {kind_of_directory(directories[: n + 1]) for n in range(len(directories))}
    found |= _kinds_of_name(name)
    if adjacent := _ADJACENT.search(f"/{path}"):
        found.add(TEMPLATE if "templates" in adjacent[0] else BUILD)
    if _is_library(name, repository):
        found.add(VENDORED)
    return next((kind for kind in PATH_KINDS if kind in found), "")


def is_document(path: str) -> bool:
    """Return whether a file is a document: prose such as a README or a changelog, or anything in a directory of them.

    Args:
        path: Path in the repository or tree, with slashes.
    """
    name = path.rpartition("/")[2]
    is_prose = _PROSE.fullmatch(name) is not None and language_of_path(name) is None
    return is_prose or kind_of_path(path) == DOCUMENTATION


def kind_of_directory(directories: Sequence[str]) -> str:
    """Return the kind of all files below a directory by its own name, or ``""``; its parents are not looked at.

    Args:
        directories: Names of its parents, top first, then its own.
    """
    *above, name = directories
    if name.startswith(".") and name not in {".", ".."}:
        return HIDDEN
    for kind, pattern in _compiled("directories", len(LANGUAGES)).items():
        if _matches(pattern, name) and not (kind == TEST and _NO_TEST.search(name)):
            return "" if kind == EXAMPLE and not _PACKAGES.isdisjoint(above) else kind
    if not _SOURCE.isdisjoint(above) or not _PACKAGES.isdisjoint(above):
        return ""
    depth = len(above)
    return next((kind for kind, (most, names) in _TOP.items() if depth <= most and name.casefold() in names), "")


def _kinds_of_name(name: str) -> set[str]:
    kinds = {kind for kind, pattern in _compiled("files", len(LANGUAGES)).items() if _matches(pattern, name)}
    if _NO_TEST.search(name):
        kinds.discard(TEST)
    if name.startswith("."):
        kinds.add(HIDDEN)
    return kinds


def _is_library(name: str, repository: str) -> bool:
    path = PurePosixPath(name.casefold())
    stem = path.stem.removesuffix(".slim").removesuffix(".pack")
    is_plugin = stem.startswith(("jquery.", "jquery-"))
    library = "jquery" if is_plugin else stem
    return path.suffix == ".js" and library in _LIBRARIES and library not in repository.casefold()


@cache
def _compiled(part: str, _: int) -> dict[str, tuple[re.Pattern[str], re.Pattern[str]]]:
    """Return kind -> patterns without and with regard to case, for ``directories`` or ``files``.

    The second argument is the number of languages: one may be registered after the first look-up.
    """
    patterns = _DIRECTORIES if part == "directories" else _FILES
    own = {TEST: "test_files", GENERATED: "generated_files"}
    added = {kind: [p for row in LANGUAGES for p in getattr(row, name)] for kind, name in own.items()}
    return {
        kind: _by_case([*patterns.get(kind, ()), *(added.get(kind, ()) if part == "files" else ())])
        for kind in PATH_KINDS
        if kind in patterns
    }


def _by_case(patterns: Iterable[str]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    any_case: list[str] = []
    exact: list[str] = []
    for pattern in patterns:
        plain = re.sub(r"\[.*?\]", "", pattern)
        (exact if plain != plain.lower() else any_case).append(fnmatch.translate(pattern))
    return re.compile("|".join(any_case) or r"(?!)"), re.compile("|".join(exact) or r"(?!)")


def _matches(patterns: tuple[re.Pattern[str], re.Pattern[str]], name: str) -> bool:
    any_case, exact = patterns
    return any_case.match(name.casefold()) is not None or exact.match(name) is not None
