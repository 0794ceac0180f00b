"""Inverse instructions: neutral prompts, strict reading, nothing asked twice."""

import json

import pytest

from themis_rm.errors import InputError, SettingError
from themis_rm.judge.endpoint import EndpointSettings
from themis_rm.judge.instructions import STYLES, Versions, read_reply, render, style_of, write_instructions

CHOSEN = "def total(xs):\n    return sum(x for x in xs if x is not None)\n"
REJECTED = "def total(xs):\n    t = 0\n    for x in xs:\n        t = t + x\n    return t\n"


def versions(name="a", **change):
    return Versions(**{"id": name, "chosen": CHOSEN, "rejected": REJECTED, "language": "Python", **change})


def settings(chat, **change):
    return EndpointSettings(**{"url": chat.url, "model": "m", "retries": 0, "parallel": 2, **change})


def test_both_versions_stand_first_for_some_pairs():
    first = [render(versions(str(n))).index("sum(x") < render(versions(str(n))).index("t = 0") for n in range(20)]
    assert 3 < sum(first) < 17


def test_the_prompt_does_not_depend_on_which_version_is_the_better_one():
    swapped = versions(chosen=REJECTED, rejected=CHOSEN)
    lines = sorted(render(versions()).splitlines())
    assert sorted(render(swapped).splitlines()) == lines


def test_every_style_is_drawn():
    assert {style_of(str(n)) for n in range(60)} == set(STYLES)


@pytest.mark.parametrize(
    ("reply", "request_text", "failure"),
    [
        ("<request>\nSum a list.\n</request>", "Sum a list.", ""),
        ("<think>maybe <request>no</request></think><request>Sum a list.</request>", "Sum a list.", ""),
        ("<think>maybe <request>no</request>", "", "no-request"),
        ("Sum a list.", "", "no-request"),
        ("<request> </request>", "", "no-request"),
        ("<request>One.</request><request>Two.</request>", "", "no-request"),
        ("<request>Do as the second version does.</request>", "", "tells-versions"),
        ("<request>Use sum(x for x in xs if x is not None) here.</request>", "", "quotes-code"),
        ("<request>" + "word " * 400 + "</request>", "", "too-long"),
    ],
)
def test_replies_are_read_strictly(reply, request_text, failure):
    assert read_reply(reply, versions()) == (request_text, failure)


def test_requests_come_back_in_order(chat, tmp_path):
    chat.answer = lambda body: f"<request>{body['messages'][0]['content'].split()[8]} please</request>"
    pairs = [versions(str(n), language=f"L{n}") for n in range(20)]
    written = list(write_instructions(pairs, settings(chat), tmp_path / "memory.jsonl"))
    assert [(item.id, item.text) for item in written] == [(str(n), f"L{n} please") for n in range(20)]


def test_what_was_written_is_not_asked_again(chat, tmp_path):
    memory = tmp_path / "memory.jsonl"
    first = list(write_instructions([versions("a"), versions("b")], settings(chat), memory))
    again = list(write_instructions([versions("a"), versions("b"), versions("c")], settings(chat), memory))
    assert again[:2] == first
    assert len(chat.asked) == 3


def test_a_line_that_a_kill_cut_off_is_asked_again(chat, tmp_path):
    memory = tmp_path / "memory.jsonl"
    list(write_instructions([versions("a"), versions("b")], settings(chat), memory))
    memory.write_text(memory.read_text("utf-8")[:-20], encoding="utf-8")
    list(write_instructions([versions("a"), versions("b")], settings(chat), memory))
    assert len(chat.asked) == 3
    assert sum(1 for line in memory.read_text("utf-8").splitlines() if is_json(line)) == 2


def is_json(line):
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("said", "failure"),
    [
        (("<request>cut", "length"), "length-cut"),
        (500, "endpoint-error"),
        ("", "empty"),
        (("x", "content_filter"), "refused"),
    ],
)
def test_a_failed_reply_is_a_state_and_is_asked_again_next_time(chat, tmp_path, said, failure):
    memory = tmp_path / "memory.jsonl"
    chat.answer = lambda _: said
    assert [item.failure for item in write_instructions([versions()], settings(chat), memory)] == [failure]
    chat.answer = lambda _: "<request>Sum the list.</request>"
    assert [item.text for item in write_instructions([versions()], settings(chat), memory)] == ["Sum the list."]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_server_that_refuses_ends_the_job_with_one_line(chat, tmp_path, status):
    chat.answer = lambda _: status
    with pytest.raises(InputError, match="refuses"):
        list(write_instructions([versions()], settings(chat), tmp_path / "m"))


def test_a_server_that_is_not_there_is_told(tmp_path):
    nowhere = EndpointSettings(url="http://127.0.0.1:9/v1", model="m", retries=0)
    with pytest.raises(InputError, match="Cannot reach"):
        list(write_instructions([versions()], nowhere, tmp_path / "m"))


def test_a_url_must_be_one(tmp_path):
    with pytest.raises(SettingError, match="no URL"):
        list(write_instructions([versions()], EndpointSettings(url="localhost", model="m"), tmp_path / "m"))
