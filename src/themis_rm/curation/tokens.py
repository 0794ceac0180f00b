"""Count the tokens of a text with a tokenizer file, or estimate them without one."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from themis_rm.errors import InputError, MissingExtraError

# Tokens of the Qwen2/Qwen3 byte-level BPE per feature, fitted by non-negative least squares of the relative error on
# 1,000 files of C, C#, C++, Go, Java, JavaScript, Python and Ruby (half of the sample; on the other half the mean
# error is +0.3 %, the mean absolute error 5.7 %, and the error of 95 % of the files at most 15.3 %).
_WORD, _CAMEL_CASE, _DIGIT = 0.928, 0.931, 1.623
_PUNCTUATION, _FOUR_PUNCTUATION = 0.625, 0.313  # runs of punctuation, and each four characters of a run
_LINE_END, _INDENTED_LINE, _ALIGNED = 0.225, 1.622, 2.255
_CAPITAL, _LONG_WORD_LETTER = 0.110, 0.047  # letters of runs of 3 capitals or 8 small letters, or more
_EXTRA_BYTE = 0.322

_LOWER, _UPPER, _NUMBER, _BLANK, _NEWLINE, _OTHER_SPACE, _OTHER = range(7)


def _classes() -> npt.NDArray[np.uint8]:
    table = np.full(128, _OTHER, np.uint8)
    for code in range(128):
        character = chr(code)
        if character.islower():
            table[code] = _LOWER
        elif character.isupper():
            table[code] = _UPPER
        elif character.isdigit():
            table[code] = _NUMBER
        elif character.isspace():
            table[code] = {" ": _BLANK, "\t": _BLANK, "\n": _NEWLINE}.get(character, _OTHER_SPACE)
    return table


_CLASSES = _classes()
_SPACES = np.array([code for code in range(128, 0x3001) if chr(code).isspace()], np.uint32)


@lru_cache(maxsize=8)  # filters count the same texts one by one
def estimate(text: str) -> int:
    """Estimate the number of Qwen3 tokens of a text without a tokenizer; the mean absolute error is 5.7 %."""
    if not text:
        return 0
    if text.isascii():
        kinds, extra = _CLASSES.take(np.frombuffer(text.encode("ascii"), np.uint8)), 0
    else:
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        kinds = np.where(codes < 128, _CLASSES[np.minimum(codes, 127)], np.uint8(_OTHER))
        kinds[np.isin(codes, _SPACES)] = _OTHER_SPACE
        extra = len(text.encode("utf-8", "surrogatepass")) - len(text)
    starts = np.flatnonzero(np.concatenate(([True], kinds[1:] != kinds[:-1])))
    lengths = np.diff(starts, append=len(kinds))
    return round(_tokens_of_runs(kinds[starts], lengths) + _EXTRA_BYTE * extra)


def _tokens_of_runs(kind: npt.NDArray[np.uint8], length: npt.NDArray[np.int64]) -> float:
    """Return the tokens of a text of which runs of characters of one class are given."""
    lower, upper, blank, newline = (kind == number for number in (_LOWER, _UPPER, _BLANK, _NEWLINE))
    number, other = kind == _NUMBER, kind == _OTHER
    letters, code = lower | upper, lower | upper | number | other
    capitals, small, marks, digits = (length.take(np.flatnonzero(mask)) for mask in (upper, lower, other, number))
    # The line ends of white space without other characters in between count once.
    group = np.cumsum(code).take(np.flatnonzero(newline))
    line_ends = np.count_nonzero(np.diff(group)) + 1 if len(group) else 0
    return float(
        _WORD * (np.count_nonzero(letters) - np.count_nonzero(letters[1:] & letters[:-1]))
        + _CAMEL_CASE * np.count_nonzero(upper[1:] & lower[:-1])
        + _DIGIT * digits.sum()
        + _PUNCTUATION * len(marks)
        + _FOUR_PUNCTUATION * (marks // 4).sum()
        + _LINE_END * line_ends
        + _INDENTED_LINE * np.count_nonzero(blank[1:-1] & newline[:-2] & code[2:])
        + _ALIGNED * np.count_nonzero(blank[1:] & (length[1:] > 1) & code[:-1])
        + _CAPITAL * capitals[capitals >= 3].sum()
        + _LONG_WORD_LETTER * small[small >= 8].sum()
    )


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
