"""Kinds of files by path: conventions of every language, and ordinary names that only resemble them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.languages.file_paths import PATH_KINDS, is_document, kind_of_path

FOUND = {
    "test-file": """
        tests/parser.py test/parser.js src/test/java/org/a/Parser.java spec/models/user.rb src/UnitTests/Specs.cs
        src/IntegrationTests/Mapping.cs src/AutoMapper.Tests/Map.cs src/App.UnitTests/Map.cs Foo.Test/Bar.cs
        src/__tests__/app.js src/__mocks__/fs.js testdata/input.go pkg/testutil/server.go e2e/login.ts
        test_parser.py parser_test.py conftest.py src/tests.py parser_test.go parser_spec.rb parser_test.rb
        spec_helper.rb test_helper.rb src/ParserTest.java src/ParserTests.java src/ParserTestCase.java src/ParserIT.java
        src/TestParser.java src/ParserTests.cs src/ParserSpecs.cs src/ParserTest.cpp src/parser_test.cc
        src/parser_unittest.cc src/TestParser.cpp test-parser.c parser.test.js parser.spec.ts parserSpec.js parser-test.js
        src/tests.rs src/parser_test.rs features/step_definitions/login.rb fixtures/user.js hit_test.go test.js parser_test_helper.rb
        Tests/Parser.cs integration-tests/parser.py""",
    "benchmark-file": """
        benchmark/run.py benchmarks/run.rb benches/parse.rs src/Benchmark/Flat.cs src/App.Benchmarks/Run.cs
        bench_parse.py parse_bench.go ParserBenchmark.java parse.bench.js benchmark.c src/jmh/java/Run.java""",
    "vendored": """
        vendor/lib/lib.js vendor/github.com/a/b.go third_party/zlib/inflate.c 3rdparty/x.cpp node_modules/a/index.js
        bower_components/a/a.js Godeps/a.go Pods/A/a.c deps/lua/lua.c external/json.cpp js/jquery.js js/jquery-1.9.1.js
        js/jquery.cookie.js js/bootstrap-3.3.js lib/site-packages/a.py src/ThirdParty/a.cs""",
    "generated": """
        src/foo_pb2.py src/foo_pb2_grpc.py api/foo.pb.go api/foo.pb.gw.go api/foo.pb.cc api/foo.pb.h lib/foo_pb.rb
        js/foo_pb.js Form.Designer.cs Form.designer.cs View.g.cs View.g.i.cs src/app.min.js src/app.bundle.js
        types/app.d.ts pkg/zz_generated.deepcopy.go src/generated/Api.java __generated__/query.ts bindata.go
        moc_window.cpp parser.tab.c lex.yy.c src/ModelOuterClass.java src/FooGrpc.java Properties/AssemblyInfo.cs
        model.generated.ts a_generated.h""",
    "build-output": "dist/app.js build/app.js out/app.js target/A.java a/target/classes/A.java _build/a.py",
    "template": """
        {{cookiecutter.name}}/main.py src/{{name}}.js lib/generators/a/templates/initializer.rb main.tmpl.go
        view.mustache.js %app%/main.rb src/__name@dasherize__.ts""",
    "documentation": "docs/conf.py doc/build.rb packages/a/docs/server.js Documentation/x.c javadoc/A.java",
    "example": """
        examples/hello.py example/main.go samples/App/Program.cs src/Samples/Program.cs demo/index.js demos/a.js
        tutorial/step1.py example_server.c server_example.py button.stories.js MyApp.Examples/A.cs src/ServerExample.java""",
    "hidden-file": ".eslintrc.js .github/scripts/a.py .storybook/main.js src/.a.py",
}
ORDINARY = """
    src/testimony.py latest.go contest.rb attestation.js src/protest.py Latest.java Contest.java greatest.c
    src/testament.cs Testimony.java TestimonialController.cs lib/attest/key.go src/manifest.py src/fastest.js
    src/inspector.js special.c species.py spectrum.rb KeySpec.java pod_spec.go model_spec.py ImageSpec.cs spec.go
    specification.py src/HitTest.cs hit_test.py ab_test/assign.py backtest.py src/backtests.py workbench.js
    src/vendors.py vendor.rb src/Vendor.java app/models/vendor_invoice.rb invendor.c generator.py src/generate.go
    code_gen.go regenerate.rb degenerate.c Generated_ids.py src/builder.py build.rs go/build/build.go distance.py
    distribution.js src/target.c outline.py lib/Target/X86.cpp src/object.c src/output.js template.py
    src/templates.js templates/index.py src/exampled.py com/example/app/Main.java src/main/java/com/example/demo/App.java
    demographics.py democracy.rb sampler.py src/sample.c src/sample_rate.c doctor.py src/doc/comment.go docstring.py
    document.js pkg/pods/pod.go jquery_adapter.rb src/effects.js src/react.js ui_helpers.py line_wrap.c load_rc.py
    mock.py bindings.rs src/app.ts main.c Program.cs index.js lib.rs util.h app.rb
    src/deps/resolver.py src/external/client.go migrations/0001_initial.py
    src/unit.cs audit.java credit.c SplitTransit.java orbit.py ABTest.cs
""".split()  # noqa: SIM905


@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind, paths in FOUND.items() for path in paths.split()])
def test_kinds_of_files(kind: str, path: str) -> None:
    assert kind_of_path(path) == kind


@pytest.mark.parametrize("path", ORDINARY)
def test_ordinary_names_have_no_kind(path: str) -> None:
    assert kind_of_path(path) == ""


def test_a_library_is_not_vendored_in_its_own_repository() -> None:
    assert kind_of_path("src/underscore.js", "jashkenas/underscore") == ""
    assert kind_of_path("js/underscore.js", "owner/shop") == "vendored"


def test_every_kind_has_an_example_here() -> None:
    assert set(FOUND) == set(PATH_KINDS)


WORDS = st.sampled_from(
    ["parser", "Parser", "latest", "contest", "inspect", "buildings", "outer", "models", "io", "x1"]
)
EXTENSIONS = st.sampled_from(["py", "js", "ts", "rb", "go", "java", "cs", "c", "cpp", "h", "rs"])


@given(st.lists(WORDS, max_size=4), WORDS, WORDS, st.sampled_from(["", "_", "-"]), EXTENSIONS)
def test_words_without_a_meaning_have_no_kind(
    folders: list[str], first: str, last: str, separator: str, extension: str
) -> None:
    assert kind_of_path("/".join([*folders, f"{first}{separator}{last}.{extension}"])) == ""


@given(st.text(max_size=60))
def test_any_path_has_a_known_kind_or_none(path: str) -> None:
    assert kind_of_path(path) in {"", *PATH_KINDS}


@pytest.mark.parametrize(
    "path",
    [
        "README",
        "README.md",
        "CHANGELOG",
        "CHANGELOG.md",
        "src/README.txt",
        "CHANGES/12.bugfix.rst",
        "src/changes/changes.xml",
        "man/tool.1",
        "docs/logo.png",
        "doc/conf.py",
        "HISTORY.rst",
        "release-notes.html",
        "NEWS",
        "ChangeLog.2.txt",
        ".github/CONTRIBUTING.md",
    ],
)
def test_documents_are_prose_or_in_a_directory_of_documents(path):
    assert is_document(path)


@pytest.mark.parametrize(
    "path",
    [
        "requirements.txt",
        "CMakeLists.txt",
        "src/changes.py",
        "history.js",
        "src/readme.c",
        "Makefile",
        "setup.cfg",
        "data/news.dat.gz/x",
        "src/docs.py",
        "tests/test_docs.py",
        "package.json",
        "index.html",
    ],
)
def test_sources_and_settings_are_not_documents(path):
    assert not is_document(path)
