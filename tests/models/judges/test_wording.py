"""The wording of prompts: our own is whole, and a user's file is checked before anything is asked."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.errors import InputError, SettingError
from themis_rm.models.judges.interface import case_of
from themis_rm.models.judges.model import INTERFACES, load
from themis_rm.models.judges.wording import load_wording
from themis_rm.models.settings import JudgeSettings, ModelSettings
from themis_rm.prompts import built_in, conversation

CODE = "xs = {{ request }}\n{% if x %}\n\\boxed{}"


def own(name):
    way = INTERFACES[name]
    return load_wording(name, way.templates, way.needed, None)


def written(name, tmp_path, **change):
    """Load a file with one template each, changed."""
    way = INTERFACES[name]
    plain = {
        template: " ".join(f"{{{{ {variable} }}}}" for variable in sorted(way.templates[template])) or "the default"
        for template in way.templates
    }
    values = {key: value for key, value in {**plain, **change}.items() if value is not None}
    path = tmp_path / "wording.yaml"
    path.write_text(yaml.safe_dump(values))
    return load_wording(name, way.templates, way.needed, path)


@pytest.fixture(params=INTERFACES)
def name(request):
    return request.param


@pytest.mark.parametrize("mode", ["none", "all"])
def test_our_own_wording_shows_criteria_request_and_answer_as_they_are(name, mode):
    system = built_in().system(mode, None)
    wording = own(name)
    way = INTERFACES[name]
    case = case_of(conversation(system, f"Do {CODE}", f"Done {CODE}"), wording)
    shown = "\n".join(message["content"] for message in way.messages(wording, case, "1. A criterion"))
    assert f"Do {CODE}" in shown
    assert f"Done {CODE}" in shown
    assert system is None or system in shown
    assert case.criteria or name == "ce-rm"


def test_our_own_wording_differs_between_interfaces():
    assert len({own(name).digest for name in INTERFACES}) == len(INTERFACES)


def test_the_answer_does_not_show_in_the_making_of_criteria():
    way, wording = INTERFACES["ce-rm"], own("ce-rm")
    shown = {way.first(wording, case_of(conversation("C", "R", answer), wording)) for answer in ("a", "</request>")}
    assert len(shown) == 1


def test_a_users_wording_is_used(name, tmp_path):
    assert written(name, tmp_path).digest != own(name).digest


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"sistem": "x"}, "unknown template 'sistem'. Did you mean 'system'?"),
        ({"user": None}, "template 'user' is missing"),
        ({"user": 3}, "is a int, not a text"),
        ({"user": "{{ respons }} {{ request }} {{ response }}"}, "'respons'. Did you mean 'response'?"),
        ({"user": "{{ request }}", "system": "x"}, "no template has a place for 'response'"),
        ({"default": "{{ request }}"}, "It takes none."),
    ],
)
def test_a_users_wording_is_checked(tmp_path, change, says):
    with pytest.raises(SettingError) as caught:
        written("rubric", tmp_path, **change)
    assert says in str(caught.value)


def test_a_template_that_is_none_is_told_with_its_line(tmp_path):
    with pytest.raises(InputError, match="user, line 2"):
        written("rubric", tmp_path, user="{{ request }}\n{% if %}{{ response }}")


def test_a_template_that_reaches_for_more_than_its_variables_is_refused(tmp_path):
    wording = written("rubric", tmp_path, user="{{ request.__class__.__mro__ }} {{ response }}")
    case = case_of(conversation(None, "a", "b"), wording)
    with pytest.raises(InputError, match="user"):
        INTERFACES["rubric"].messages(wording, case, "")


def test_a_missing_file_is_told_in_one_line(tmp_path):
    way = INTERFACES["rubric"]
    with pytest.raises(InputError, match="Cannot read"):
        load_wording("rubric", way.templates, way.needed, tmp_path / "none.yaml")


def test_criteria_without_a_place_of_their_own_go_in_front_of_the_request(name, tmp_path):
    way = INTERFACES[name]
    spare = {
        key: "".join(f"{{{{ {v} }}}}" for v in sorted(names - {"criteria"})) for key, names in way.templates.items()
    }
    wording = written(name, tmp_path, **{key: value or "fixed" for key, value in spare.items()})
    case = case_of(conversation("Grade memory.", "Sum a list", "sum(xs)"), wording)
    shown = "\n".join(message["content"] for message in way.messages(wording, case, "made"))
    assert "Grade memory.\n\nSum a list" in shown
    assert case.criteria == ""


def test_the_wording_is_part_of_what_a_judge_is(chat, tmp_path):
    written("rubric", tmp_path)
    settings = {"url": chat.url, "served_as": "m", "reward": "stated"}
    ours = load("x", ModelSettings(judge=JudgeSettings(**settings))).identity
    theirs = load("x", ModelSettings(judge=JudgeSettings(**settings, wording=tmp_path / "wording.yaml"))).identity
    assert ours.digest != theirs.digest
    assert ours.facts["wording"] != theirs.facts["wording"]


@given(st.text(), st.text())
def test_any_text_can_be_shown(request_text, answer):
    for name, way in INTERFACES.items():
        wording = own(name)
        shown = way.messages(wording, case_of(conversation(None, request_text, answer), wording), "made")
        assert all(isinstance(message["content"], str) for message in shown)
