"""GGUF files, the format of llama.cpp: converted once into a checkpoint of transformers, in the cache of the user."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from themis_rm.errors import CheckpointError, MissingExtraError
from themis_rm.models.loading_messages import suppress_loading_messages
from themis_rm.storage.atomic import atomic_directory
from themis_rm.storage.digest_cache import cached_digest
from themis_rm.storage.digests import file_sha256
from themis_rm.storage.locks import wait_for_lock
from themis_rm.storage.user_cache import user_cache

SUFFIX = ".gguf"
_MAGIC = b"GGUF"
_LAYOUT = 1
"""Version of the converted directories; changed when the same file is converted in another way."""
_DIGITS_APART = {"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone"}
"""Pre-tokenizers of llama.cpp that split off every digit before GPT-2's pattern; transformers leaves out that split."""
_LIKE_GPT2 = {"", "default", "gpt-2", "phi-2", "olmo"}
"""Pre-tokenizers of llama.cpp that are GPT-2's pattern."""


def convert_gguf(file: str | Path) -> Path:
    """Return a directory with the weights of a GGUF file, dequantized to float32, its configuration and tokenizer.

    It is in :func:`~themis_rm.storage.user_cache.user_cache` under the SHA-256 of the file, and written once. If the
    file uses a split of text into words that is not known, the directory has no tokenizer.

    Args:
        file: The GGUF file of a causal language model.

    Raises:
        CheckpointError: The file is truncated or no GGUF file, lacks weights, or transformers cannot read its
            architecture.
        MissingExtraError: The package ``gguf`` is not installed.
    """
    file = Path(file)
    with file.open("rb") as handle:
        if handle.read(len(_MAGIC)) != _MAGIC:
            raise CheckpointError(f"{file} is not a GGUF file.", "Download it again.")
    digest = cached_digest("sha256", [file], lambda: file_sha256(file))
    folder = user_cache() / "gguf" / f"{file.stem}-{digest[:32]}-{_LAYOUT}"
    if folder.is_dir():
        return folder
    if find_spec("gguf") is None:
        raise MissingExtraError("gguf", "train")
    with wait_for_lock(folder.with_name(f"{folder.name}.lock")):
        if not folder.is_dir():
            with atomic_directory(folder) as partial:
                _convert(file, partial)
    return folder


def _convert(file: Path, folder: Path) -> None:
    values = _read_metadata(file)
    try:
        with suppress_loading_messages():
            model, report = _read_model(file)
            tokenizer = _read_tokenizer(file, values, model.config)
    except Exception as error:  # the file is arbitrary data, for which gguf and transformers may raise anything
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise CheckpointError(
            f"{file} cannot be read as a model of type {values['general.architecture']} ({reason}).",
            "Use a GGUF file of a causal language model that transformers reads.",
        ) from error
    # transformers would give them random values.
    if missing := sorted(report["missing_keys"]):
        raise CheckpointError(f"{file} lacks {len(missing)} weights, such as '{missing[0]}'.", "Download it again.")
    # The weights are dequantized, but transformers would refuse to save them as those of a quantized model.
    del model.config.quantization_config
    model.hf_quantizer = None
    with suppress_loading_messages():
        model.save_pretrained(str(folder))
    if tokenizer is not None:
        tokenizer.save_pretrained(str(folder))


def _read_metadata(file: Path) -> dict[str, Any]:
    """Return the values of a GGUF file without its arrays, after checking that all its tensors are in it."""
    from gguf import GGUFReader, GGUFValueType

    try:
        reader = GGUFReader(file)
        fields = {name: field for name, field in reader.fields.items() if field.types[0] != GGUFValueType.ARRAY}
        values = {name: field.contents() for name, field in fields.items()}
    except Exception as error:  # see _convert
        raise CheckpointError(f"{file} is truncated or damaged.", "Download it again.") from error
    if not isinstance(values.get("general.architecture"), str):
        raise CheckpointError(f"{file} does not name its architecture.", "Use the GGUF file of a language model.")
    return values


def _read_model(file: Path) -> tuple[Any, dict[str, Any]]:
    import torch
    from transformers import AutoModelForCausalLM

    model, report = AutoModelForCausalLM.from_pretrained(
        str(file.parent), gguf_file=file.name, dtype=torch.float32, output_loading_info=True, local_files_only=True
    )
    return model, report


def _read_tokenizer(file: Path, values: dict[str, Any], config: Any) -> Any:
    """Return the tokenizer of a GGUF file, ``None`` if there is none or its split into words is not known."""
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    if "tokenizer.ggml.model" not in values:
        return None
    tokenizer = AutoTokenizer.from_pretrained(str(file.parent), gguf_file=file.name, local_files_only=True)
    backend = tokenizer.backend_tokenizer
    if not _set_pre_tokenizer(backend, str(values.get("tokenizer.ggml.pre", ""))):
        return None
    # The class for models of the architecture would build another tokenizer from the same vocabulary.
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_max_length=config.max_position_embeddings,
        chat_template=tokenizer.chat_template,
        clean_up_tokenization_spaces=False,
        **{name: text for name, text in tokenizer.special_tokens_map.items() if isinstance(text, str)},
    )


def _set_pre_tokenizer(backend: Any, name: str) -> bool:
    """Set the split into words that a GGUF file names, if transformers used GPT-2's; return whether it is right."""
    from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence

    used = json.loads(backend.to_str())["pre_tokenizer"] or {}
    if not (used.get("type") == "ByteLevel" and used.get("use_regex")):
        return True
    if name in _DIGITS_APART:
        backend.pre_tokenizer = Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False)])
    return name in _DIGITS_APART | _LIKE_GPT2
