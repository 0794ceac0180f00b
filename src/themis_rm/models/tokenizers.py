"""Tokenizers of checkpoints, and what is wrong with the files of one that cannot be loaded."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from themis_rm.errors import CheckpointError
from themis_rm.models.json_files import read_json

FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")


def load_tokenizer(source: str | Path, revision: str | None = None, hint: str = "") -> Any:
    """Load a fast tokenizer of transformers from a directory, or with transformers from the hub.

    Args:
        source: Directory, or a name on the hub.
        revision: Commit, tag or branch on the hub.
        hint: How to name another tokenizer, for errors.

    Raises:
        CheckpointError: There is none, or its files are damaged or cannot be used.
    """
    folder = Path(source) if Path(source).is_dir() else None
    try:
        tokenizer = _load(source, folder, revision)
        _check(tokenizer)
    # The tokenizers library raises plain exceptions, and panics that are not derived from Exception.
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise _explained(source, folder, error, hint) from error
    if not tokenizer.is_fast:
        raise CheckpointError(f"The tokenizer in {source} has no tokenizer.json.", "Save it as a fast tokenizer.")
    return tokenizer


def _load(source: str | Path, folder: Path | None, revision: str | None) -> Any:
    from transformers import CONFIG_MAPPING, AutoTokenizer, PreTrainedTokenizerFast

    kind = AutoTokenizer
    if folder is not None and (folder / "config.json").is_file():
        # AutoTokenizer reads config.json, and fails for a model type that transformers does not support.
        model_type = read_json(folder / "config.json").get("model_type")
        if not isinstance(model_type, str) or model_type not in CONFIG_MAPPING:
            kind = PreTrainedTokenizerFast
    return kind.from_pretrained(
        str(source), revision=revision, trust_remote_code=False, local_files_only=folder is not None
    )


def _check(tokenizer: Any) -> None:
    """Use a tokenizer once, so that one with wrong values fails here and not at the first row.

    Raises:
        ValueError: It has no tokens, or a value of another type.
    """
    if not tokenizer.is_fast:
        return
    limit = tokenizer.model_max_length
    if not isinstance(limit, (int, float)) or not 1 <= limit < math.inf:
        raise ValueError(f"model_max_length is {limit!r}, not a positive number")
    for name, text in tokenizer.special_tokens_map.items():
        if name != "additional_special_tokens" and not isinstance(text, (str, list)):
            raise ValueError(f"{name} is not a text")
    if not tokenizer("a = 1", add_special_tokens=False)["input_ids"]:
        raise ValueError("it gives a text no tokens")


def special_tokens(tokenizer: Any) -> dict[str, str]:
    """Return the special tokens by name, the variables of chat templates."""
    return {name: text for name, text in tokenizer.special_tokens_map.items() if isinstance(text, str)}


def _explained(source: str | Path, folder: Path | None, error: BaseException, hint: str) -> CheckpointError:
    if isinstance(error, CheckpointError):
        return error
    for name in FILES if folder is not None else ():
        problem = _problem(Path(source) / name)
        if problem is not None:
            return problem
    reason = " ".join(str(error).split())[:160] or type(error).__name__
    missing = folder is not None and not (folder / "tokenizer.json").is_file()
    advice = "Save it with save_pretrained() as a fast tokenizer, or name another one." if missing else ""
    what = f"The tokenizer in {source} cannot be loaded ({'no tokenizer.json; ' if missing else ''}{reason})."
    return CheckpointError(what, hint or advice or "Download its files again, or update transformers and tokenizers.")


def _problem(file: Path) -> CheckpointError | None:
    """Return what is wrong with a file, ``None`` if it is JSON of the right form."""
    if not file.exists():
        return None
    try:
        value = read_json(file)
    except CheckpointError as error:
        return error
    if file.name == "tokenizer.json" and not isinstance(value.get("model"), dict):
        return CheckpointError(f"{file} has no vocabulary ('model' is missing).", "Download it again.")
    return None
