"""Inverse instructions: neutral prompts, strict parsing, cached responses."""

import json

import pytest

from themis_rm.endpoints.settings import ChatSettings
from themis_rm.errors import InputError, SettingError
from themis_rm.judge.instructions import (
    STYLES,
    CodeVersions,
    parse_request,
    render_prompt,
    style_of,
    write_instructions,
)

CHOSEN = "def total(xs):\n    return sum(x for x in xs if x is not None)\n"
REJECTED = "def total(xs):\n    t = 0\n    for x in xs:\n        t = t + x\n    return t\n"


def versions(name="a", **fields):
    return CodeVersions(**{"id": name, "chosen": CHOSEN, "rejected": REJECTED, "language": "Python", **fields})


def settings(chat, **fields):
    fields = {"max_retries": 0, "max_concurrency": 2, **fields}
    return ChatSettings(url=chat.url, served_model_name="m", **fields)


def chosen_is_first(name):
    prompt = render_prompt(versions(name))
    return prompt.index("sum(x") < prompt.index("t = 0")


def test_each_version_is_first_for_some_pairs():
    assert 3 < sum(chosen_is_first(str(n)) for n in range(20)) < 17


def test_the_prompt_does_not_depend_on_which_version_is_better():
    swapped = versions(chosen=REJECTED, rejected=CHOSEN)
    assert sorted(render_prompt(swapped).splitlines()) == sorted(render_prompt(versions()).splitlines())


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
        ("<request>Do as the second version does.</request>", "", "mentions-versions"),
        ("<request>Use sum(x for x in xs if x is not None) here.</request>", "", "copies-code"),
        ("<request>" + "word " * 400 + "</request>", "", "too-long"),
    ],
)
def test_replies_are_parsed_strictly(reply, request_text, failure):
    assert parse_request(reply, versions()) == (request_text, failure)


def test_requests_are_returned_in_order(chat, tmp_path):
    chat.answer = lambda body: f"<request>{body['messages'][0]['content'].split()[8]} please</request>"
    pairs = [versions(str(n), language=f"L{n}") for n in range(20)]
    written = list(write_instructions(pairs, settings(chat), tmp_path / "cache.jsonl"))
    assert [(item.id, item.text) for item in written] == [(str(n), f"L{n} please") for n in range(20)]


def test_a_cached_response_is_not_requested_again(chat, tmp_path):
    cache = tmp_path / "cache.jsonl"
    first = list(write_instructions([versions("a"), versions("b")], settings(chat), cache))
    again = list(write_instructions([versions("a"), versions("b"), versions("c")], settings(chat), str(cache)))
    assert again[:2] == first
    assert len(chat.asked) == 3


def test_a_truncated_last_line_of_the_cache_is_requested_again(chat, tmp_path):
    cache = tmp_path / "cache.jsonl"
    list(write_instructions([versions("a"), versions("b")], settings(chat), cache))
    cache.write_text(cache.read_text("utf-8")[:-20], encoding="utf-8")
    list(write_instructions([versions("a"), versions("b")], settings(chat), cache))
    assert len(chat.asked) == 3
    assert sum(1 for line in cache.read_text("utf-8").splitlines() if is_json(line)) == 2


def is_json(line):
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (("<request>cut", "length"), "length-cut"),
        (500, "endpoint-error"),
        ("", "empty"),
        (("x", "content_filter"), "refused"),
    ],
)
def test_a_failed_reply_is_reported_and_requested_again_next_time(chat, tmp_path, answer, failure):
    cache = tmp_path / "cache.jsonl"
    chat.answer = lambda _: answer
    assert [item.failure for item in write_instructions([versions()], settings(chat), cache)] == [failure]
    chat.answer = lambda _: "<request>Sum the list.</request>"
    assert [item.text for item in write_instructions([versions()], settings(chat), cache)] == ["Sum the list."]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_server_that_rejects_the_key_or_path_ends_the_job(chat, tmp_path, status):
    chat.answer = lambda _: status
    with pytest.raises(InputError, match=r"API key|was not found"):
        list(write_instructions([versions()], settings(chat), tmp_path / "cache.jsonl"))


def test_an_unreachable_server_ends_the_job(tmp_path):
    unreachable = ChatSettings(url="http://127.0.0.1:9/v1", served_model_name="m", max_retries=0)
    with pytest.raises(InputError, match="does not respond"):
        list(write_instructions([versions()], unreachable, tmp_path / "cache.jsonl"))


def test_an_invalid_url_is_an_error(tmp_path):
    with pytest.raises(SettingError, match="not a valid URL"):
        list(write_instructions([versions()], ChatSettings(url="localhost"), tmp_path / "cache.jsonl"))
