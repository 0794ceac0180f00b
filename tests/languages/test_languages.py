import pytest

from themis_rm.errors import SettingError
from themis_rm.languages import LANGUAGES, get_language, language_of_path
from themis_rm.languages.syntax import load_grammar


@pytest.mark.parametrize("row", LANGUAGES, ids=lambda row: row.name)
def test_training_benchmark_and_fence_names_are_one_language(row):
    names = [row.name, row.benchmark_name, row.fence, *row.aliases]
    assert {get_language(name) for name in names if name} == {row}


def test_every_extension_belongs_to_one_language():
    extensions = [extension for row in LANGUAGES for extension in row.extensions]
    assert len(extensions) == len(set(extensions))


@pytest.mark.parametrize(
    ("path", "name"),
    [("a/b.PY", "Python"), ("x.h", "C"), ("x.hpp", "C++"), ("a.tar/b.cs", "C#"), ("Rakefile", None), ("x.md", None)],
)
def test_the_extension_of_a_path_determines_its_language(path, name):
    language = language_of_path(path)
    assert (language.name if language else None) == name


@pytest.mark.parametrize("row", LANGUAGES, ids=lambda row: row.name)
def test_the_grammar_of_every_language_is_installed(row):
    assert load_grammar(row.grammar).node_kind_count


def test_an_unknown_language_suggests_the_closest_name():
    with pytest.raises(SettingError, match="Did you mean 'JavaScript'"):
        get_language("Javascrip")


@pytest.mark.parametrize(
    ("name", "language"),
    [
        *(("py", "Python"), ("Python3", "Python"), ("js", "JavaScript"), ("node", "JavaScript"), ("golang", "Go")),
        *(("cs", "C#"), ("rb", "Ruby"), ("cplusplus", "C++"), ("rs", "Rust"), ("ts", "TypeScript")),
    ],
)
def test_a_language_has_the_names_that_people_write(name, language):
    assert get_language(name).name == language
