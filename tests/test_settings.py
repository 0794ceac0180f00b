from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.errors import InputError, SettingError
from themis_rm.settings import Settings, apply_overrides


class Inner(Settings):
    synonyms: ClassVar[dict[str, str]] = {"lr": "learning_rate"}

    learning_rate: float = 0.1


class Outer(Settings):
    steps: int = 1
    inner: Inner = Inner()
    maybe: Inner | None = None


def write(tmp_path, text):
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    return path


def test_a_recipe_is_read_and_overrides_go_over_it(tmp_path):
    path = write(tmp_path, "steps: 3\ninner: {learning_rate: 0.5}\n")
    assert Outer.load(path, ["steps=4", "inner.learning_rate=1e-3"]) == Outer(steps=4, inner=Inner(learning_rate=1e-3))


@pytest.mark.parametrize("text", ["inner: {lerning_rate: 1}", "maybe: {lerning_rate: 1}"])
def test_an_unknown_key_names_the_nearest_one_of_its_level(tmp_path, text):
    with pytest.raises(SettingError, match=r"unknown key '(inner|maybe)\.lerning_rate'\. Did you mean 'learning_rate'"):
        Outer.load(write(tmp_path, text))


@pytest.mark.parametrize("key", ["lr", "LR"])
def test_an_unknown_key_that_is_a_synonym_names_the_field(tmp_path, key):
    with pytest.raises(SettingError, match=rf"unknown key 'inner\.{key}'\. Did you mean 'learning_rate'"):
        Outer.load(write(tmp_path, f"inner: {{{key}: 1}}"))


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("steps: many", SettingError, "steps"),
        ("steps: [", InputError, "not valid YAML"),
        ("- 1", InputError, "not a mapping"),
    ],
)
def test_a_bad_recipe_is_one_line(tmp_path, text, error, message):
    with pytest.raises(error, match=message) as caught:
        Outer.load(write(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_missing_recipe_is_told(tmp_path):
    with pytest.raises(InputError, match="Cannot read"):
        Outer.load(tmp_path / "none.yaml")


@pytest.mark.parametrize("pair", ["steps", "=3", "steps.x.y=1"])
def test_a_bad_override_is_refused(tmp_path, pair):
    with pytest.raises(SettingError):
        Outer.load(write(tmp_path, "steps: 3"), [pair])


@given(st.dictionaries(st.text("abc", min_size=1), st.integers()), st.text("abc", min_size=1), st.integers())
def test_an_override_sets_its_key_and_no_other(values, key, value):
    merged = apply_overrides(values, [f"{key}={value}"])
    assert merged == {**values, key: value}


def test_equal_settings_have_equal_canonical_text():
    assert Outer(steps=2).canonical() == Outer.build({"inner": {}, "steps": 2}).canonical()
