"""Templates that loop, fill the memory or raise reject their conversation; the next one is rendered."""

import pytest

from themis_rm.errors import SettingError
from themis_rm.models.templates.process import PROCESS, Rejection, TemplateProcess

TALK = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
PLAIN = "{% for m in messages %}[{{ m.content }}]{% endfor %}"


def render(template, *talks, **variables):
    return PROCESS.render(template, variables, list(talks) or [TALK])


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{% for i in range(10 ** 9) %}{% endfor %}", "OverflowError"),
        ("{{ ('a' * 2 ** 33) | length }}", "1024 MiB"),
        ("{{ ([0] * 10 ** 10) | length }}", "1024 MiB"),
        ("{{ 'a'.zfill(10 ** 10) }}", "1024 MiB"),
        ("{% for i in range(3000) %}{{ 'a' * 10000 }}{% endfor %}", "longer than"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "RecursionError"),
        ("{{ 1 + 'a' }}", "TypeError"),
        ("{{ 1 // 0 }}", "ZeroDivisionError"),
        ("{% include 'other' %}", "no loader"),
        ("{{ messages.__class__.__mro__ }}", "unsafe"),
        ("{{ raise_exception('not\nthis') }}", "not this"),
        ("{{ messages[0].absent.field }}", "no attribute 'absent'"),
    ],
)
def test_a_template_that_fails_rejects_the_conversation(template, reason):
    (rejection,) = render(template)
    assert isinstance(rejection, Rejection)
    assert reason in rejection.reason
    assert render(PLAIN) == ["[a][b]"]


LOOPS = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"


@pytest.mark.parametrize("template", [LOOPS, "{% set s = '9' * 999999 %}{{ (s + s) | wordwrap(1) | length }}"])
def test_only_the_conversation_that_exceeds_the_time_is_rejected(template):
    guarded = "{% if messages[0].content == 'loop' %}" + template + "{% endif %}" + PLAIN
    looping = [{"role": "user", "content": "loop"}]
    first, rejection, last = render(guarded, TALK, looping, TALK)
    assert (first, last) == ("[a][b]", "[a][b]")
    assert isinstance(rejection, Rejection)
    assert rejection.limit


def test_a_template_that_is_too_large_to_compile_is_rejected():
    assert isinstance(PROCESS.compile("{% if 1 %}" * 500 + "{% endif %}" * 500), Rejection)
    assert PROCESS.compile(PLAIN) == []


def test_the_line_of_a_syntax_error_is_named():
    rejection = PROCESS.compile("first\n{% nosuchtag %}")
    assert isinstance(rejection, Rejection)
    assert rejection.reason.startswith("line 2: ")


def test_the_texts_that_a_template_searches_for_are_found():
    template = (
        "{% if '</think>' in messages[0].content %}{{ messages[0].content.split('<a>')[0] }}{% endif %}{{ 'out' }}"
    )
    assert PROCESS.compile(template) == ["</think>", "<a>"]


def test_draws_and_the_clock_are_fixed():
    template = "{{ strftime_now('%d %b %Y %H:%M:%S') }} {{ [1, 2, 3, 4, 5, 6, 7, 8] | random }} {{ lipsum(1) }}"
    first, second = render(template, TALK, TALK)
    assert first == second
    assert first.startswith("26 Jul 2024 00:00:00 ")


def test_a_message_that_cannot_be_json_is_rejected_alone():
    bad = [{"role": "user", "content": object()}]
    assert [isinstance(text, Rejection) for text in render(PLAIN, TALK, bad, TALK)] == [False, True, False]


def test_lone_surrogates_are_returned_as_they_are():
    assert render(PLAIN, [{"role": "user", "content": "\ud800"}]) == ["[\ud800]"]


def test_the_process_is_started_again_after_it_was_killed():
    render(PLAIN)
    PROCESS._process.kill()
    PROCESS._process.wait()
    assert isinstance(render(PLAIN)[0], Rejection)
    assert render(PLAIN) == ["[a][b]"]


@pytest.mark.parametrize("executable", ["/bin/false", "/absent/python"])
def test_a_process_that_does_not_start_is_one_line(monkeypatch, executable):
    monkeypatch.setattr("sys.executable", executable)
    with pytest.raises(SettingError, match="does not start"):
        TemplateProcess().render(PLAIN, {}, [TALK])
