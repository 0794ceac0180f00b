"""Templates are probed when they are loaded; texts equal those of transformers."""

import json
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from themis_rm.errors import CheckpointError
from themis_rm.messages import conversation
from themis_rm.models.templates.chat_template import load_template
from themis_rm.models.tokenizers import special_tokens
from themis_rm.training.tokenizers import CHAT_TEMPLATE

GOLDENS = Path(__file__).parents[2] / "goldens" / "rm"
LOOP = "{%% for m in messages %%}%s{%% endfor %%}"
CALL = {"type": "function", "function": {"name": "lookup", "arguments": {"path": "a.py"}}}


PARTS = "{% for part in m.content %}{% if part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %};"


def load(template, **variables):
    return load_template(template, variables, "a folder")


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        (LOOP % "{{ m.role }}", "does not write the response"),
        (LOOP % "{{ m.content | length }}", "does not write the response"),
        ("{{ messages[0].content }}", "does not write the response"),
        ("", "does not write the response"),
        ("{{ messages[-1].content }}", "does not write the request"),
        (LOOP % "{{ m.content + 1 }}", "rejects a plain conversation .TypeError"),
        (LOOP % "{{ m.content['x']['y'] }}", "rejects a plain conversation"),
        ("{{ raise_exception('never') }}", "rejects a plain conversation .never"),
        ("a\nb {% endfor %}", "cannot be compiled .line 2"),
        ("{{ ('a' * 2 ** 33) | length }}", "cannot be rendered .it needs more"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused(template, problem):
    with pytest.raises(CheckpointError, match=f"The chat template of a folder {problem}") as error:
        load(template)
    assert "model.chat_template=FILE" in error.value.hint


def test_a_template_that_reads_parts_gets_parts():
    template = load(LOOP % PARTS)
    assert template.needs_parts
    assert template.render([conversation(None, "a", "b")]) == ["a;b;"]


def test_a_template_that_reads_parts_and_texts_gets_texts():
    both = "{% if m.content is string %}{{ m.content }}{% else %}{{ m.content[0].text }}{% endif %};"
    assert not load(LOOP % both).needs_parts


def test_a_template_that_requires_a_system_message_is_accepted():
    check = "{% if messages[0].role != 'system' %}{{ raise_exception('no') }}{% endif %}"
    template = load(check + LOOP % "{{ m.content }}")
    assert (template.needs_system, template.writes_system) == (True, True)


@pytest.mark.parametrize("key", ["reasoning_content", "thinking", "reasoning"])
def test_reasoning_is_written_under_the_name_that_the_template_reads(key):
    template = load(LOOP % f"{{% if m.{key} %}}<think>{{{{ m.{key} }}}}</think>{{% endif %}}{{{{ m.content }}}}")
    talk = conversation(None, "a", "b")
    talk[-1]["reasoning_content"] = "why"
    assert template.render([talk]) == ["a<think>why</think>b"]


def test_a_template_without_reasoning_and_calls_has_no_form_for_them():
    template = load(CHAT_TEMPLATE)
    assert (template.reasoning_key, template.arguments) == ("", "")


@pytest.mark.parametrize(
    ("written", "form", "text"),
    [
        ("{{ c.function.name }} {{ c.function.arguments | tojson }}", "object", 'lookup {"path": "a.py"}'),
        ("{{ c.function.name + ' ' + c.function.arguments }}", "text", 'lookup {"path": "a.py"}'),
    ],
)
def test_arguments_of_calls_have_the_form_that_the_template_reads(written, form, text):
    template = load(LOOP % ("{{ m.content }}{% for c in m.tool_calls or [] %}" + written + "{% endfor %}"))
    talk = [*conversation(None, "a"), {"role": "assistant", "content": "", "tool_calls": [CALL]}]
    assert template.arguments == form
    assert template.render([talk]) == ["a" + text]


TALKS = [
    conversation(None, "a", "b"),
    conversation("Grade.", " a\n", "  b \n\n c "),
    [*conversation(None, "a", "b"), *conversation(None, "c", "<think>\nx\n</think>\n\nd")],
    conversation(None, "a {{ b }} {% c %}", ""),
]


@pytest.mark.parametrize(
    "name", ["seqcls", "seqcls-llama", "seqcls-gemma2", "internlm", "starling", "acecode", "eurus"]
)
def test_texts_equal_those_of_transformers(name):
    tokenizer = AutoTokenizer.from_pretrained(GOLDENS / name)
    template = load_template(tokenizer.chat_template, special_tokens(tokenizer), name)
    talks = TALKS if template.writes_system else TALKS[:1] + TALKS[2:]
    assert template.render(talks) == [tokenizer.apply_chat_template(talk, tokenize=False) for talk in talks]


def test_texts_with_tools_and_generation_tags_equal_those_of_transformers(shared):
    published = json.loads((shared / "tokenizers/qwen3/tokenizer_config.json").read_text(encoding="utf-8"))
    tokenizer = AutoTokenizer.from_pretrained(GOLDENS / "seqcls")
    calling = {"role": "assistant", "content": "", "tool_calls": [CALL], "reasoning_content": "why"}
    talk = [*conversation("s", "a"), calling, {"role": "tool", "content": "ok"}, {"role": "assistant", "content": "b"}]
    tagged = LOOP % "{% generation %}{{ m.content }}{% endgeneration %}{% if loop.last %}{% break %}{% endif %}"
    for source in (published["chat_template"], tagged):
        template = load(source, **special_tokens(tokenizer))
        assert template.render([talk]) == [tokenizer.apply_chat_template(talk, chat_template=source, tokenize=False)]
