"""Which of several chat templates is used."""

import json
from types import SimpleNamespace

import pytest

from themis_rm.errors import CheckpointError, SettingError
from themis_rm.models.templates.source import find_source


def tokenizer(template):
    return SimpleNamespace(chat_template=template, name_or_path="")


def test_the_only_template_is_the_default():
    assert find_source(tokenizer("T")).text == "T"


def test_the_default_of_several_is_used():
    assert find_source(tokenizer({"tool_use": "A", "default": "B"})).text == "B"


def test_a_name_chooses_a_template():
    source = find_source(tokenizer({"tool_use": "A", "default": "B"}), choice="tool_use")
    assert (source.text, source.name) == ("A", "tool_use")


def test_a_file_replaces_the_template(tmp_path):
    file = tmp_path / "mine.jinja"
    file.write_text("mine", encoding="utf-8")
    source = find_source(tokenizer("T"), choice=str(file))
    assert (source.text, source.name, source.file) == ("mine", "mine.jinja", file)


def test_named_templates_without_a_default_are_refused_with_their_names():
    with pytest.raises(CheckpointError, match="no default: plain, tool_use") as error:
        find_source(tokenizer({"tool_use": "A", "plain": "B"}))
    assert error.value.hint == "Choose one with --set model.chat_template=plain."


def test_a_name_that_does_not_exist_is_refused_with_the_closest_one():
    with pytest.raises(SettingError, match="Did you mean 'tool_use'"):
        find_source(tokenizer({"tool_use": "A"}), choice="tooluse")


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, content):
    file = tmp_path / "mine.jinja"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingError, match=r"mine\.jinja"):
        find_source(tokenizer("T"), choice=str(file))


def test_the_fallback_is_used_if_there_is_nothing_else(tmp_path):
    assert find_source(tokenizer(None), tmp_path, fallback="F").text == "F"
    (tmp_path / "chat_template.json").write_text(json.dumps({"chat_template": "J"}), encoding="utf-8")
    assert find_source(tokenizer(None), tmp_path, fallback="F").text == "J"
    with pytest.raises(CheckpointError, match="no chat template"):
        find_source(tokenizer(None))


@pytest.mark.parametrize("template", [["a"], {"default": 3}, 5])
def test_a_template_of_another_type_is_refused(template):
    with pytest.raises(CheckpointError, match="neither a text nor texts with names"):
        find_source(tokenizer(template))
