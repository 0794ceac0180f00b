"""A byte-level BPE vocabulary learned from the training split, with a ChatML template of our own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from themis_rm.errors import CheckpointError
from themis_rm.storage.digests import stable_id
from themis_rm.training.recipe import Bpe

PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

# Words with the sign or space before them, single digits, runs of signs, and indentation as tokens of its own.
_PIECES = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s*[\r\n]+|\s+(?!\S)|\s+"


def sample_texts(rows: Iterable[Mapping[str, Any]], share: float) -> Iterator[str]:
    """Yield the texts of a sample of rows; which rows depends on their text alone.

    Args:
        rows: Mappings with ``system, input, chosen, rejected``.
        share: Share of them to take, 0 to 1.
    """
    for row in rows:
        if share < 1 and int(stable_id(row["input"], row["chosen"])[:8], 16) >= share * 2**32:
            continue
        for key in ("system", "input", "chosen", "rejected"):
            if row[key]:
                yield row[key]


def learn_bpe(texts: Iterator[str], settings: Bpe, max_length: int) -> Any:
    """Learn a vocabulary and return it as a Hugging Face tokenizer.

    Args:
        texts: The corpus; read once.
        settings: Size and limits.
        max_length: What the tokenizer says of the model's length.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=settings.vocab_size,
        min_frequency=settings.min_frequency,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=[PAD, START, END],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        additional_special_tokens=[START],
        padding_side="right",
        model_max_length=max_length,
        clean_up_tokenization_spaces=False,
        chat_template=CHAT_TEMPLATE,
    )


def load_tokenizer(path: str, revision: str | None = None) -> Any:
    """Load a tokenizer from a folder or the hub.

    Raises:
        CheckpointError: There is none.
    """
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(path, revision=revision, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"No tokenizer at '{path}' ({' '.join(str(error).split())[:200]}).") from error


def pad_token_id(tokenizer: Any, closing: int | None) -> int:
    """Return the id to pad with, setting ``tokenizer.pad_token`` where it has none.

    Plain sequence classification pools at the rightmost token that is not the pad token, so the pad token must never
    be the one that ends a conversation.

    Args:
        tokenizer: A Hugging Face tokenizer.
        closing: Last token of a rendered conversation, if the template closes one.

    Raises:
        CheckpointError: It has no special token that could serve.
    """
    for name in ("pad_token", "unk_token", "eos_token", "bos_token"):
        token = getattr(tokenizer, name, None)
        if token is not None and tokenizer.convert_tokens_to_ids(token) != closing:
            tokenizer.pad_token = token
            return int(tokenizer.pad_token_id)
    raise CheckpointError("The tokenizer has no token that can pad.", "Add a pad_token to its configuration.")
