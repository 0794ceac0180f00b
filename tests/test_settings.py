"""Settings: recipes, overrides, error messages with suggestions, and the table of all keys."""

from pathlib import Path
from typing import ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, field_validator

from themis_rm.errors import InputError, SettingError
from themis_rm.settings import Override, Settings, apply_overrides, describe_settings


class Inner(Settings):
    synonyms: ClassVar[dict[str, str]] = {"speed": "learning_rate"}

    learning_rate: float = Field(0.1, gt=0)
    """Step size of the optimizer."""


class Outer(Settings):
    steps: int = 1
    """Number of updates."""
    inner: Inner = Inner()
    """The optimizer."""
    maybe: Inner | None = None
    """A second optimizer."""
    order: Literal["up", "down"] = "up"
    """Direction."""
    names: list[str] = Field(default_factory=list)
    """Who takes part."""
    cores: int = Field(8, json_schema_extra={"default_text": "one per core"})
    """Number of processes."""

    @field_validator("names")
    @classmethod
    def _known(cls, names):
        if "nobody" in names:
            raise SettingError("Unknown name 'nobody'.", "Did you mean 'somebody'?")
        return names


class Needed(Settings):
    path: Path
    """File to read."""
    steps: int = 1
    """Number of updates."""


def write(tmp_path, text):
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    return path


def message(values, cls=Outer, **options):
    with pytest.raises(SettingError) as caught:
        cls.build(values, "recipe.yaml", **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_overrides_replace_values_of_the_file(tmp_path):
    path = write(tmp_path, "steps: 3\ninner: {learning_rate: 0.5}\n")
    assert Outer.load(path, ["steps=4", "inner.learning_rate=1e-3"]) == Outer(steps=4, inner=Inner(learning_rate=1e-3))


@pytest.mark.parametrize("group", ["inner", "maybe"])
def test_a_misspelled_key_suggests_the_closest_one_of_its_level(group):
    text = message({group: {"lerning_rate": 1}})
    assert text == f"recipe.yaml: {group}.lerning_rate: unknown key. Did you mean '{group}.learning_rate'?"


@pytest.mark.parametrize("given", ["learning_rate", "lr", "LR", "speed", "peak-lr", "learning_rat"])
def test_a_key_of_another_level_suggests_the_dotted_key(given):
    assert message({given: 1}).startswith(f"recipe.yaml: {given}: unknown key. Did you mean 'inner.learning_rate'")


def test_a_synonym_suggests_the_key_of_its_own_level_first():
    assert "Did you mean 'maybe.learning_rate'" in message({"maybe": {"learning_rte": 1}})


def test_a_synonym_of_an_option_names_the_option():
    assert message({"output_dir": "x"}).endswith("Did you mean the option --out?")


def test_an_unknown_key_without_a_close_one_lists_the_known_keys():
    assert message({"zzz": 1}).endswith("Known: cores, inner, maybe, names, order, steps.")


def test_a_misspelled_key_is_reported_before_a_missing_one():
    assert "stps: unknown key" in message({"stps": 1}, Needed)


def test_a_missing_key_is_named():
    assert message({}, Needed) == "recipe.yaml: path: this setting is required."


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"steps": "many"}, "recipe.yaml: steps: must be a valid integer"),
        ({"inner": {"learning_rate": 0}}, "recipe.yaml: inner.learning_rate: must be greater than 0, not 0."),
        ({"inner": 3}, "recipe.yaml: inner: must be a mapping of keys to values, not 3."),
        ({"order": "left"}, "recipe.yaml: order: must be 'up' or 'down', not 'left'."),
        ({"names": ["nobody"]}, "recipe.yaml: Unknown name 'nobody'. Did you mean 'somebody'?"),
    ],
)
def test_an_invalid_value_names_file_key_and_reason(values, expected):
    assert message(values).startswith(expected)


def test_an_invalid_override_names_where_it_was_given():
    assert message({}, overrides=["steps=many"]).startswith("--set: steps: ")
    assert message({}, overrides=[Override("steps", "many", "--steps")]).startswith("--steps: must be a valid integer")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("steps: [1", "not valid YAML: line 1, column 10: expected"), ("- 1", "contains a list, not a mapping")],
)
def test_a_file_that_is_not_a_mapping_is_an_error(tmp_path, text, expected):
    with pytest.raises(InputError, match=expected) as caught:
        Outer.load(write(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(InputError, match="Cannot read"):
        Outer.load(tmp_path / "none.yaml")


@pytest.mark.parametrize("override", ["steps", "=3", "steps.x.y=1", "steps=[1"])
def test_an_override_that_cannot_be_applied_is_an_error(override):
    with pytest.raises(SettingError):
        apply_overrides({"steps": 3}, [override])


def test_an_override_below_an_empty_key_creates_it():
    assert apply_overrides({"maybe": None}, ["maybe.learning_rate=1"]) == {"maybe": {"learning_rate": 1}}


@given(st.dictionaries(st.text("abc", min_size=1), st.integers()), st.text("abc", min_size=1), st.integers())
def test_an_override_sets_only_its_key(values, key, value):
    assert apply_overrides(values, [f"{key}={value}"]) == {**values, key: value}


def test_equal_settings_have_equal_canonical_text():
    assert Outer(steps=2).canonical() == Outer.build({"inner": {}, "steps": 2}).canonical()


def test_every_key_is_described_with_type_default_and_meaning():
    rows = [(row.key, row.type, row.default_text, row.meaning) for row in describe_settings(Outer)]
    assert rows == [
        ("steps", "int", "1", "Number of updates."),
        ("inner", "group", "", "The optimizer."),
        ("inner.learning_rate", "float, > 0", "0.1", "Step size of the optimizer."),
        ("maybe", "group, optional", "null", "A second optimizer."),
        ("maybe.learning_rate", "float, > 0", "0.1", "Step size of the optimizer."),
        ("order", "up | down", "up", "Direction."),
        ("names", "list of str", "[]", "Who takes part."),
        ("cores", "int", "one per core", "Number of processes."),
    ]


def test_a_key_without_default_is_described_as_required():
    row = describe_settings(Needed)[0]
    assert (row.required, row.type, row.default_text) == (True, "path", "required")
