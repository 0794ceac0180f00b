"""What a conversation becomes before it is scored or trained on: BOS tokens, fields of messages, notes."""

from pathlib import Path

import pytest
from transformers import AutoTokenizer

from themis_rm.messages import conversation, fold_system, parse_messages
from themis_rm.models.chat import ChatEncoder
from themis_rm.models.loading import load_model
from themis_rm.models.protocol import PARTLY_WRITTEN
from themis_rm.models.rendering import Renderer
from themis_rm.models.settings import ModelSettings
from themis_rm.models.templates.chat_template import load_template
from themis_rm.models.tokenizers import special_tokens
from themis_rm.training.tokenization import PairEncoder

GOLDENS = Path(__file__).parents[1] / "goldens" / "rm"
NAMES = sorted(path.name for path in GOLDENS.iterdir() if path.name != "ultra")
PLAIN = "{% for m in messages %}[{{ m.content }}]{% endfor %}"
FIELDS = (
    "{% for m in messages %}{{ m.role }}: {% if m.reasoning_content %}({{ m.reasoning_content }}){% endif %}"
    "{{ m.content }}{% for c in m.tool_calls or [] %}{{ c.function | tojson }}{% endfor %};{% endfor %}"
)


def renderer_of(name, template="", **values):
    tokenizer = AutoTokenizer.from_pretrained(GOLDENS / name)
    source = template or tokenizer.chat_template
    return Renderer(tokenizer, load_template(source, special_tokens(tokenizer), name), **values)


TALKS = [
    ("Grade.", "Sum it.", "return a + b"),
    (None, "Sum <|im_end|> it.", "a<|eot_id|></s><end_of_turn>b"),
    (None, "今", "x = 1\n" * 5),
]


@pytest.mark.parametrize("name", NAMES)
def test_training_and_scoring_have_the_same_token_ids(name):
    tokenizer = AutoTokenizer.from_pretrained(GOLDENS / name)
    trained = [item.ids for item in PairEncoder(tokenizer, 1000).encode(TALKS)]
    scored = [item.ids for item in ChatEncoder(renderer_of(name), 1000).encode([conversation(*talk) for talk in TALKS])]
    assert trained == scored


DATED = (
    "{% if date_string is not defined %}{% set date_string = strftime_now('%d %b %Y') %}{% endif %}"
    "{{ date_string }} {{ strftime_now('%H:%M:%S') }}" + PLAIN
)


def test_training_and_scoring_have_the_same_clock():
    tokenizer = AutoTokenizer.from_pretrained(GOLDENS / "seqcls")
    tokenizer.chat_template = DATED
    (trained,) = PairEncoder(tokenizer, 100).encode([(None, "a", "b")])
    (scored,) = ChatEncoder(renderer_of("seqcls", DATED), 100).encode([conversation(None, "a", "b")])
    assert trained.ids == scored.ids
    assert tokenizer.decode(scored.ids) == "26 Jul 2024 00:00:00[a][b]"


@pytest.mark.parametrize(
    ("template", "bos", "count"),
    [
        (PLAIN, "template", 0),
        (PLAIN, "always", 1),
        (PLAIN, "never", 0),
        ("{{ bos_token }}" + PLAIN, "template", 1),
        ("{{ bos_token }}" + PLAIN, "always", 1),
        ("{{ bos_token }}" + PLAIN, "never", 0),
        ("{{ bos_token }}{{ bos_token }}" + PLAIN, "template", 2),
        ("{{ bos_token }}{{ bos_token }}" + PLAIN, "always", 1),
    ],
)
def test_the_number_of_bos_tokens_is_chosen_and_recorded(template, bos, count):
    renderer = renderer_of("seqcls-llama", template, bos=bos)
    encoder = ChatEncoder(renderer, 40)
    for response in ("b", "x = 1\n" * 50):
        ids = encoder.encode([conversation(None, "a", response)])[0].ids
        assert ids.count(renderer.tokenizer.bos_token_id) == count
    facts = renderer.facts()
    assert (facts["bos"], facts["bos_tokens"], facts["tokenizer_adds_bos"]) == (bos, count, "yes")


CALL = {"type": "function", "function": {"name": "run", "arguments": {"path": "a.py"}}}
CALLING = {"role": "assistant", "content": "", "tool_calls": [CALL]}
REASONED = {"role": "assistant", "content": "b", "reasoning": "because"}
USER = {"role": "user", "content": "a"}


@pytest.mark.parametrize(
    ("template", "messages", "failure"),
    [
        (PLAIN, [USER, REASONED], "reasoning-not-written"),
        (PLAIN, [USER, CALLING], "tool-calls-not-written"),
        (FIELDS, [USER, REASONED], ""),
        (FIELDS, [USER, CALLING], ""),
        (FIELDS, [USER, CALLING, {"role": "tool", "content": '{"x": "y"}'}, REASONED], ""),
        (
            "{% for m in messages if m.role != 'tool' %}{{ m.content }}{{ m.tool_calls | tojson if m.tool_calls }}{% endfor %}",
            [USER, CALLING, {"role": "tool", "content": "result"}, {"role": "assistant", "content": "b"}],
            "tool-turn-not-written",
        ),
        (
            "{% for m in messages %}{{ m.content }}{{ m.reasoning_content if messages | length == 2 }}{% endfor %}",
            [USER, {"role": "assistant", "content": "b"}, USER, REASONED],
            "reasoning-not-written",
        ),
        ("{% if messages | length > 2 %}{{ 1 + 'a' }}{% endif %}" + PLAIN, [USER, USER, REASONED], ""),
    ],
)
def test_a_field_that_the_template_does_not_write_is_a_failure(template, messages, failure):
    if not failure and template.startswith("{% if"):
        messages, failure = [USER, USER, {"role": "assistant", "content": "b"}], "template-rejected"
    (rendering,) = renderer_of("seqcls", template).render([parse_messages(messages)])
    assert rendering.failure == failure


@pytest.mark.parametrize(
    ("content", "noted"),
    [("b\n\n c ", False), ("<think>\nx\n</think>\n\nb", True), ("x</think>", True), ("<think>x", False)],
)
def test_a_part_of_a_response_that_the_template_leaves_out_is_noted(content, noted):
    template = "{% for m in messages %}[{{ m.content.split('</think>')[-1] | trim }}]{% endfor %}"
    (rendering,) = renderer_of("seqcls", template).render([conversation(None, "a", content)])
    assert (PARTLY_WRITTEN in rendering.notes) is noted


def test_a_part_of_a_request_that_the_template_leaves_out_is_noted():
    template = "{% for m in messages %}[{{ m.content[:20] }}]{% endfor %}"
    renderer = renderer_of("seqcls", template)
    short, long = renderer.render([conversation(None, text, "b") for text in ("a", "word " * 20)])
    assert (short.notes, long.notes) == ((), (PARTLY_WRITTEN,))


def test_a_system_message_without_a_request_is_folded_into_one():
    answer = {"role": "assistant", "content": "b"}
    assert fold_system([{"role": "system", "content": "s"}, answer]) == [{"role": "user", "content": "s"}, answer]


def test_results_record_what_determines_the_tokens(tiny_checkpoint):
    facts = load_model(tiny_checkpoint("llama"), ModelSettings(bos="always")).identity.facts
    recorded = {key: facts[key] for key in ("template_clock", "control_tokens", "bos", "bos_tokens", "chat_template")}
    assert recorded == {
        "template_clock": "2024-07-26",
        "control_tokens": "text",
        "bos": "always",
        "bos_tokens": 1,
        "chat_template": "default",
    }


def test_the_text_that_a_tokenizer_rejects_fails_alone(monkeypatch):
    renderer = renderer_of("seqcls", PLAIN)

    def encode(texts, offsets):
        if any("bad" in text for text in texts):
            raise ValueError("unknown token")
        return original(texts, offsets)

    original = renderer._encode_plain
    monkeypatch.setattr(renderer, "_encode_plain", encode)
    talks = [conversation(None, "a", text) for text in ("good", "bad", "good")]
    encoded = ChatEncoder(renderer, 100).encode(talks)
    assert [(item.failure, item.detail) for item in encoded] == [
        ("", ""),
        ("tokenizer-rejected", "unknown token"),
        ("", ""),
    ]
