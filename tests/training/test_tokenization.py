import json
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from themis_rm.errors import CheckpointError, SettingError
from themis_rm.messages import conversation
from themis_rm.training.tokenization import Dropped, PairEncoder
from themis_rm.training.tokenizers import CHAT_TEMPLATE, pad_token_id

THINK_BLOCK_TOKENS = 5
GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}"
    "{% endif %}{% for m in messages %}{{ '<start_of_turn>' + ('model' if m['role'] == 'assistant' else m['role'])"
    " + '\n' + m['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
)
SILENT = "{% for m in messages if m['role'] != 'system' %}[{{ m['content'] }}]{% endfor %}"


def byte_tokenizer(template, *, bos=False, merges=()):
    """A tokenizer of single bytes (and a few merges) with a BOS token that its post-processor adds."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate([*alphabet, *(a + b for a, b in merges)])}
    tokenizer = Tokenizer(models.BPE(vocabulary, list(merges)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>", chat_template=template
    )
    fast.add_special_tokens(
        {"additional_special_tokens": ["<start_of_turn>", "<end_of_turn>", "<|im_start|>", "<|im_end|>"]}
    )
    if bos:
        fast.backend_tokenizer.post_processor = TemplateProcessing(
            single="<bos> $A", special_tokens=[("<bos>", fast.bos_token_id)]
        )
    return fast


def one(pair_encoder, **row):
    (result,) = pair_encoder.encode_pairs(
        [{"system": None, "input": "Ask", "chosen": "Yes it is", "rejected": "No", **row}]
    )
    return result


@pytest.mark.parametrize(
    "setting", ["ml1024", "ml300_truncate", "ml300_drop", "ml40_truncate", "ml1024_fallback_system"]
)
def test_token_ids_equal_the_golden_ones(golden_tokenizer, golden_tokens, golden_pairs, setting):
    options = golden_tokens["settings"][setting]
    pair_encoder = PairEncoder(
        golden_tokenizer, options["max_length"], "truncate" if options.get("truncate_response", True) else "drop"
    )
    fallback = golden_tokens["fallback_system_text"] if "fallback" in setting else None
    rows = [{**row, "system": row["system"] or fallback} for row in golden_pairs]
    for expected, result in zip(golden_tokens["rows"][setting], pair_encoder.encode_pairs(rows), strict=True):
        if expected["_skip"]:
            assert isinstance(result, Dropped)
        else:
            assert result.chosen.ids == expected["chosen_input_ids"]
            assert result.rejected.ids == expected["rejected_input_ids"]


def test_an_empty_think_block_is_not_part_of_the_completion(golden_tokenizer, golden_tokens, golden_pairs):
    pairs = PairEncoder(golden_tokenizer, 1024).encode_pairs(golden_pairs)
    for row, expected, pair in zip(golden_pairs, golden_tokens["rows"]["ml1024"], pairs, strict=True):
        # The golden lengths end before the think block.
        assert pair.chosen.prompt_length == expected["chosen_prompt_length"] + THINK_BLOCK_TOKENS
        text = golden_tokenizer.decode(pair.chosen.ids[pair.chosen.prompt_length :])
        assert text == row["chosen"].lstrip("\n") + "<|im_end|>\n"


def test_the_prompt_length_is_not_the_length_of_a_mapping(golden_tokenizer, golden_pairs):
    # Under transformers 5 apply_chat_template(tokenize=True) returns a mapping of two entries.
    mapping = golden_tokenizer.apply_chat_template(conversation(None, "Ask"), tokenize=True)
    for pair in PairEncoder(golden_tokenizer, 1024).encode_pairs(golden_pairs):
        assert pair.chosen.prompt_length > len(mapping) == 2


def test_token_ids_equal_those_of_apply_chat_template(golden_tokenizer, golden_pairs):
    for row, pair in zip(golden_pairs, PairEncoder(golden_tokenizer, 1024).encode_pairs(golden_pairs), strict=True):
        messages = conversation(row["system"], row["input"], row["rejected"])
        encoded = golden_tokenizer.apply_chat_template(messages, tokenize=True, return_dict=True)
        assert pair.rejected.ids == encoded["input_ids"]


def test_reasoning_in_a_response_is_part_of_the_completion(shared):
    template = json.loads((shared / "tokenizers/qwen3/tokenizer_config.json").read_text(encoding="utf-8"))
    tokenizer = byte_tokenizer(template["chat_template"])
    pair_encoder = PairEncoder(tokenizer, 1000)
    pair = one(pair_encoder, chosen="<think>\nwhy\n</think>\n\nYes", rejected="No")
    assert tokenizer.decode(pair.chosen.ids[pair.chosen.prompt_length :]).startswith("why\n</think>\n\nYes")
    assert tokenizer.decode(pair.rejected.ids[pair.rejected.prompt_length :]).startswith("No")


def test_there_is_one_bos_even_if_template_and_tokenizer_both_add_it():
    tokenizer = byte_tokenizer(GEMMA, bos=True)
    assert tokenizer("x")["input_ids"][0] == tokenizer.bos_token_id
    pair = one(PairEncoder(tokenizer, 1000))
    assert pair.chosen.ids.count(tokenizer.bos_token_id) == 1


def test_a_token_across_the_border_belongs_to_the_completion():
    # "<" of the template and "Y" of the response are one token.
    tokenizer = byte_tokenizer("{% for m in messages %}<{{ m['content'] }}{% endfor %}", merges=[("<", "Y")])
    pair = one(PairEncoder(tokenizer, 1000))
    assert tokenizer.decode(pair.chosen.ids[pair.chosen.prompt_length :]) == "<Yes it is"
    assert tokenizer.decode(pair.rejected.ids[pair.rejected.prompt_length :]) == "No"


def test_truncation_cuts_the_response_and_keeps_the_closing_token():
    tokenizer = byte_tokenizer(CHAT_TEMPLATE)
    pair_encoder = PairEncoder(tokenizer, 60)
    pair = one(pair_encoder, chosen="a" * 100, rejected="b")
    text = tokenizer.decode(pair.chosen.ids)
    assert len(pair.chosen.ids) == 60
    assert text.startswith("<|im_start|>user\nAsk<|im_end|>\n<|im_start|>assistant\na")
    assert text.endswith("a<|im_end|>\n")
    assert (pair.truncated, pair.chosen.truncated, pair.rejected.truncated) == (True, True, False)


def test_truncation_keeps_closing_text_that_shares_a_token_with_the_response():
    tokenizer = byte_tokenizer("{% for m in messages %}({{ m['content'] }}).{% endfor %}", merges=[("a", ")")])
    pair = one(PairEncoder(tokenizer, 20), chosen="a" * 100, rejected="b")
    assert tokenizer.decode(pair.chosen.ids).endswith("a).")


def test_dropped_rows_have_a_reason():
    tokenizer = byte_tokenizer(CHAT_TEMPLATE)
    pair_encoder = PairEncoder(tokenizer, 60)
    assert one(pair_encoder, input="long " * 50) == Dropped("prompt-too-long")
    assert one(pair_encoder, chosen=" \n") == Dropped("empty-response")
    assert one(pair_encoder, rejected="") == Dropped("empty-response")
    assert one(pair_encoder, chosen="same" * 30 + "a", rejected="same" * 30 + "b") == Dropped(
        "identical-after-truncation"
    )
    assert one(PairEncoder(tokenizer, 60, "drop"), chosen="a" * 100) == Dropped("too-long")


@pytest.mark.parametrize("template", [GEMMA, SILENT])
def test_without_system_role_the_criteria_prompt_is_put_before_the_request(template):
    tokenizer = byte_tokenizer(template)
    pair_encoder = PairEncoder(tokenizer, 1000)
    assert pair_encoder.prepends_system
    text = tokenizer.decode(one(pair_encoder, system="Judge this").chosen.ids)
    assert "Judge this\n\nAsk" in text


@pytest.mark.parametrize("template", [GEMMA, SILENT])
def test_a_template_without_system_role_is_an_error_on_request(template):
    with pytest.raises(SettingError, match="system_role: prepend"):
        PairEncoder(byte_tokenizer(template), 1000, system_role="error")


def test_a_tokenizer_without_chat_template_is_refused():
    with pytest.raises(CheckpointError, match="no chat template"):
        PairEncoder(byte_tokenizer(None), 1000)


def test_the_pad_token_is_never_the_one_that_ends_a_conversation():
    tokenizer = byte_tokenizer("{% for m in messages %}{{ m['content'] }}<eos>{% endfor %}")
    tokenizer.pad_token = None
    pad = pad_token_id(tokenizer, PairEncoder(tokenizer, 100).closing_token())
    assert pad == tokenizer.bos_token_id != tokenizer.eos_token_id


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(min_size=1).filter(str.strip),
    st.text(min_size=1).filter(str.strip),
    st.text(),
    st.integers(45, 200),
)
def test_any_texts_fit_into_the_limit_and_keep_the_closing_tokens(chosen, rejected, prompt, limit):
    tokenizer = _hypothesis_tokenizer()
    result = one(PairEncoder(tokenizer, limit), input=prompt, chosen=chosen, rejected=rejected)
    if isinstance(result, Dropped):
        assert result.reason in {"prompt-too-long", "identical", "identical-after-truncation"}
        return
    for side in (result.chosen, result.rejected):
        assert len(side.ids) <= limit
        assert 0 < side.prompt_length < len(side.ids)
        assert tokenizer.decode(side.ids).endswith("<|im_end|>\n")


def _hypothesis_tokenizer():
    module = sys.modules[__name__]
    if not hasattr(module, "_CACHED"):
        module._CACHED = byte_tokenizer(CHAT_TEMPLATE)
    return module._CACHED
