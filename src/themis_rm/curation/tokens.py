"""Count the tokens of a text with a tokenizer file, or estimate them without one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from themis_rm.errors import InputError, MissingExtraError

# Tokens of the Qwen2/Qwen3 byte-level BPE per feature, fitted by non-negative least squares of the relative error on
# 1,000 files of C, C#, C++, Go, Java, JavaScript, Python and Ruby (half of the sample; on the other half the mean
# error is +0.3 %, the mean absolute error 5.7 %, and the error of 95 % of the files at most 15.3 %).
_FEATURES: tuple[tuple[re.Pattern[str], float], ...] = (
    (re.compile(r"[A-Za-z]+"), 0.928),  # words
    (re.compile(r"(?<=[a-z])[A-Z]"), 0.931),  # word starts in camel case
    (re.compile(r"[0-9]"), 1.623),  # each digit is one token
    (re.compile(r"[^\sA-Za-z0-9]+"), 0.625),  # runs of punctuation
    (re.compile(r"[^\sA-Za-z0-9]{4}"), 0.313),
    (re.compile(r"\n\s*"), 0.225),  # line ends
    (re.compile(r"\n[ \t]+(?=\S)"), 1.622),  # indented lines
    (re.compile(r"(?<=\S)[ \t]{2,}"), 2.255),  # aligned columns
)
_PER_CHARACTER: tuple[tuple[re.Pattern[str], float], ...] = (
    (re.compile(r"[A-Z]{3,}"), 0.110),
    (re.compile(r"[a-z]{8,}"), 0.047),
)
_PER_EXTRA_BYTE = 0.322


def estimate(text: str) -> int:
    """Estimate the number of Qwen3 tokens of a text without a tokenizer; the mean absolute error is 5.7 %."""
    total = sum(weight * len(pattern.findall(text)) for pattern, weight in _FEATURES)
    total += sum(weight * sum(map(len, pattern.findall(text))) for pattern, weight in _PER_CHARACTER)
    if not text.isascii():
        total += _PER_EXTRA_BYTE * (len(text.encode("utf-8", "surrogatepass")) - len(text))
    return round(total)


class TokenCounter:
    """Counts tokens with a tokenizer file, or by :func:`estimate` without one; can be pickled.

    Args:
        file: A ``tokenizer.json``, or ``None`` for the estimate.

    Raises:
        InputError: The file is not a tokenizer.
        MissingExtraError: A file is given and the ``tokenizers`` package is not installed.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self._count: Callable[[str], int] | None = None
        if file is not None:
            self._load(file)

    @property
    def name(self) -> str:
        """Name of the tokenizer, for reports."""
        return str(self.file.name) if self.file else "estimate (Qwen3)"

    def __call__(self, text: str) -> int:
        """Return the number of tokens of a text, without special tokens."""
        if self._count is None:
            self._count = estimate if self.file is None else self._load(self.file)
        return self._count(text)

    def __getstate__(self) -> dict[str, Any]:
        return {"file": self.file, "_count": None}

    @staticmethod
    def _load(file: Path) -> Callable[[str], int]:
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise MissingExtraError("tokenizers", "train") from error
        try:
            tokenizer = Tokenizer.from_str(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"Cannot read {file}: {error}.") from error
        except Exception as error:
            # The package raises plain Exception for a file that is not a tokenizer.
            raise InputError(f"{file} is not a tokenizer.json ({error}).") from error
        return lambda text: len(tokenizer.encode(text.encode("utf-8", "replace").decode(), add_special_tokens=False))
