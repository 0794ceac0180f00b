"""Tokenizers: a byte-level BPE vocabulary trained on the dataset, loading of existing ones, and their pad token."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from themis_rm.errors import CheckpointError
from themis_rm.messages import parse_messages, text_of
from themis_rm.models import hub
from themis_rm.models.adapters import is_adapter, open_checkpoint
from themis_rm.models.local_models import find_model
from themis_rm.models.settings import ModelSettings
from themis_rm.models.tokenizers import load_tokenizer
from themis_rm.storage.atomic import atomic_directory
from themis_rm.storage.digests import stable_id
from themis_rm.training.recipe import BpeSettings, TrainRecipe

PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

# Words with the punctuation mark or space before them, single digits, runs of punctuation, line ends, indentation.
_PRETOKEN_PATTERN = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s*[\r\n]+|\s+(?!\S)|\s+"


def sample_texts(rows: Iterable[Mapping[str, Any]], share: float) -> Iterator[str]:
    """Yield the texts of a sample of rows; whether a row is sampled depends only on its text.

    Args:
        rows: Mappings with ``system, input, chosen, rejected``.
        share: Share of the rows to sample, from 0 to 1.
    """
    for row in rows:
        if share < 1 and int(stable_id(row["input"], row["chosen"])[:8], 16) >= share * 2**32:
            continue
        for key in ("system", "input", "chosen", "rejected"):
            if row[key]:
                yield row[key]
        for key in ("messages", "chosen_messages", "rejected_messages"):
            yield from map(text_of, parse_messages(row[key]) if row.get(key) else ())


def train_bpe(texts: Iterator[str], settings: BpeSettings, max_length: int) -> Any:
    """Train a byte-level BPE vocabulary (Sennrich et al., 2016, arXiv 1508.07909) and return a Hugging Face tokenizer.

    Args:
        texts: Training texts; read once.
        settings: Size and limits of the vocabulary.
        max_length: ``model_max_length`` of the tokenizer.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PRETOKEN_PATTERN), behavior="isolated"),
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


def save_bpe_tokenizer(
    folder: Path, rows: Callable[[], Iterable[Mapping[str, Any]]], settings: BpeSettings, max_length: int
) -> None:
    """Train a vocabulary on a sample of at most ``settings.max_bytes`` of text, and save the tokenizer atomically.

    Args:
        folder: Directory to write.
        rows: Returns the rows to train on, see :func:`sample_texts`; called twice.
        settings: Size and limits of the vocabulary.
        max_length: ``model_max_length`` of the tokenizer.
    """
    size = sum(len(text) for text in sample_texts(rows(), 1.0))
    texts = sample_texts(rows(), min(1.0, settings.max_bytes / max(1, size)))
    with atomic_directory(folder) as partial:
        train_bpe(texts, settings, max_length).save_pretrained(str(partial))


def load_recipe_tokenizer(recipe: TrainRecipe) -> Any:
    """Load the tokenizer of a recipe that trains none: the one that it names, or its backbone's.

    Raises:
        CheckpointError: There is no tokenizer, or it cannot be used.
    """
    name = recipe.tokenizer.path or recipe.backbone.name
    revision = None if recipe.tokenizer.path else recipe.backbone.revision
    hint = "Set tokenizer.path to a directory or Hub name with a tokenizer."
    if hub.is_id(name):
        return load_tokenizer(name, revision, hint)
    if (folder := find_model(name)) is None:
        raise CheckpointError(f"No tokenizer at '{name}'.", hint)
    if is_adapter(folder, ModelSettings()):
        folder = open_checkpoint(folder, ModelSettings()).tokenizer_folder
    return load_tokenizer(folder, None, hint)


def pad_token_id(tokenizer: Any, closing_token: int | None) -> int:
    """Return the id of the pad token, after setting ``tokenizer.pad_token`` if it has none or an unusable one.

    Sequence classification in transformers pools at the rightmost token that is not the pad token, so the pad token
    must not be the token that ends a conversation.

    Args:
        tokenizer: A Hugging Face tokenizer.
        closing_token: Last token of every rendered conversation, or ``None``.

    Raises:
        CheckpointError: The tokenizer has no special token to pad with.
    """
    for name in ("pad_token", "unk_token", "eos_token", "bos_token"):
        token = getattr(tokenizer, name, None)
        if token is not None and tokenizer.convert_tokens_to_ids(token) != closing_token:
            tokenizer.pad_token = token
            return int(tokenizer.pad_token_id)
    raise CheckpointError("The tokenizer has no token to pad with.", "Add a pad_token to its configuration.")
