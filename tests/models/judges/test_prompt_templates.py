"""Prompts of judges: the built-in ones are complete, and a user's file is checked before anything is sent."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.errors import InputError, SettingError
from themis_rm.messages import conversation
from themis_rm.models.judges.interface import JUDGES, judge_input
from themis_rm.models.judges.model import load
from themis_rm.models.judges.prompt_templates import load_prompts
from themis_rm.models.settings import JudgeSettings, ModelSettings
from themis_rm.prompts import built_in

CODE = "xs = {{ request }}\n{% if x %}\n\\boxed{}"


def built_in_prompts(name):
    interface = JUDGES.get(name)
    return load_prompts(interface.prompt_file, interface.templates, interface.required)


def custom_prompts(name, tmp_path, **changes):
    """Load a file with one line per template, with some templates changed."""
    interface = JUDGES.get(name)
    plain = {
        template: " ".join(f"{{{{ {variable} }}}}" for variable in sorted(variables)) or "the default"
        for template, variables in interface.templates.items()
    }
    values = {key: value for key, value in {**plain, **changes}.items() if value is not None}
    path = tmp_path / "prompts.yaml"
    path.write_text(yaml.safe_dump(values))
    return load_prompts(path, interface.templates, interface.required)


def rendered(name, prompts, judged, first="1. A criterion"):
    return "\n".join(message["content"] for message in JUDGES.get(name).messages(prompts, judged, first))


@pytest.fixture(params=JUDGES.names())
def name(request):
    return request.param


@pytest.mark.parametrize("mode", ["none", "all"])
def test_built_in_prompts_contain_criteria_request_and_response_unchanged(name, mode):
    system = built_in().system(mode, None)
    prompts = built_in_prompts(name)
    judged = judge_input(conversation(system, f"Do {CODE}", f"Done {CODE}"), prompts)
    text = rendered(name, prompts, judged)
    assert f"Do {CODE}" in text
    assert f"Done {CODE}" in text
    assert system is None or system in text
    assert judged.criteria or name == "ce-rm"


def test_built_in_prompts_differ_between_interfaces():
    assert len({built_in_prompts(name).digest for name in JUDGES.names()}) == len(JUDGES)


def test_the_request_for_criteria_does_not_depend_on_the_response():
    interface, prompts = JUDGES.get("ce-rm"), built_in_prompts("ce-rm")
    inputs = [judge_input(conversation("C", "R", response), prompts) for response in ("a", "</request>")]
    assert len({interface.first_turn(prompts, judged) for judged in inputs}) == 1


def test_custom_prompts_are_used(name, tmp_path):
    assert custom_prompts(name, tmp_path).digest != built_in_prompts(name).digest


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sistem": "x"}, "unknown template 'sistem'. Did you mean 'system'?"),
        ({"user": None}, "template 'user' is missing"),
        ({"user": 3}, "template 'user' is a int"),
        ({"user": "{{ respons }} {{ request }} {{ response }}"}, "'respons'. Did you mean 'response'?"),
        ({"user": "{{ request }}", "system": "x"}, "no template uses 'response'"),
        ({"default": "{{ request }}"}, "This template has no variables."),
    ],
)
def test_custom_prompts_are_checked(tmp_path, changes, message):
    with pytest.raises(SettingError) as error:
        custom_prompts("rubric", tmp_path, **changes)
    assert message in str(error.value)


def test_the_error_for_an_invalid_template_names_the_line(tmp_path):
    with pytest.raises(InputError, match="user, line 2"):
        custom_prompts("rubric", tmp_path, user="{{ request }}\n{% if %}{{ response }}")


def test_a_template_cannot_access_attributes_of_its_variables(tmp_path):
    prompts = custom_prompts("rubric", tmp_path, user="{{ request.__class__.__mro__ }} {{ response }}")
    judged = judge_input(conversation(None, "a", "b"), prompts)
    with pytest.raises(InputError, match="user"):
        rendered("rubric", prompts, judged)


def test_a_missing_file_is_an_error(tmp_path):
    interface = JUDGES.get("rubric")
    with pytest.raises(InputError, match="Cannot read"):
        load_prompts(tmp_path / "none.yaml", interface.templates, interface.required)


def test_criteria_are_put_in_front_of_the_request_if_no_template_uses_them(name, tmp_path):
    templates = {
        template: "".join(f"{{{{ {variable} }}}}" for variable in sorted(variables - {"criteria"})) or "fixed"
        for template, variables in JUDGES.get(name).templates.items()
    }
    prompts = custom_prompts(name, tmp_path, **templates)
    judged = judge_input(conversation("Grade memory.", "Sum a list", "sum(xs)"), prompts)
    assert "Grade memory.\n\nSum a list" in rendered(name, prompts, judged)
    assert judged.criteria == ""


def test_the_digest_of_a_judge_depends_on_its_prompts(chat, tmp_path):
    custom_prompts("rubric", tmp_path)
    settings = {"url": chat.url, "served_model_name": "m", "reward": "stated"}
    default = load("x", ModelSettings(judge=JudgeSettings(**settings))).identity
    custom = load("x", ModelSettings(judge=JudgeSettings(**settings, prompt_file=tmp_path / "prompts.yaml"))).identity
    assert default.digest != custom.digest
    assert default.facts["prompts"] != custom.facts["prompts"]


@given(st.text(), st.text())
def test_any_text_can_be_rendered(request_text, response):
    for name in JUDGES.names():
        prompts = built_in_prompts(name)
        judged = judge_input(conversation(None, request_text, response), prompts)
        assert isinstance(rendered(name, prompts, judged), str)
