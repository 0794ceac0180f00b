import importlib

import pytest

from themis_rm.errors import SettingError
from themis_rm.languages import LANGUAGES, get_language, language_of_path


@pytest.mark.parametrize("row", LANGUAGES, ids=lambda row: row.name)
def test_training_benchmark_and_fence_names_are_one_language(row):
    assert {get_language(row.name), get_language(row.benchmark_name), get_language(row.fence)} == {row}


def test_no_ending_belongs_to_two_languages():
    endings = [ending for row in LANGUAGES for ending in row.extensions]
    assert len(endings) == len(set(endings))


@pytest.mark.parametrize(
    ("path", "name"),
    [("a/b.PY", "Python"), ("x.h", "C"), ("x.hpp", "C++"), ("a.tar/b.cs", "C#"), ("Rakefile", None), ("x.md", None)],
)
def test_a_path_tells_its_language(path, name):
    found = language_of_path(path)
    assert (found.name if found else None) == name


@pytest.mark.parametrize("row", LANGUAGES, ids=lambda row: row.name)
def test_the_grammar_of_every_language_is_installed(row):
    assert importlib.import_module(row.grammar).language()


def test_an_unknown_language_is_refused_with_the_nearest_one():
    with pytest.raises(SettingError, match="Did you mean 'JavaScript'"):
        get_language("Javascrip")
