"""Token ids of a dataset on disk: written once as Arrow files, then memory-mapped."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from themis_rm.criteria import criterion, is_criterion
from themis_rm.storage.atomic import atomic_directory, remove, write_json
from themis_rm.storage.digests import stable_id
from themis_rm.storage.json_text import read_json_object
from themis_rm.training.splits import PreferenceSplits, Split
from themis_rm.training.tokenization import Dropped, EncodedPair, PairEncoder

_SCHEMA = pa.schema(
    [
        ("chosen", pa.list_(pa.int32())),
        ("rejected", pa.list_(pa.int32())),
        ("prompt_length", pa.int32()),
        ("rejected_prompt_length", pa.int32()),
        ("truncated", pa.bool_()),
        ("key", pa.int64()),
        ("margin", pa.float32()),
        ("weight", pa.float32()),
        ("criterion", pa.string()),
        ("language", pa.string()),
        ("idx", pa.string()),
        ("group", pa.int64()),
        ("repository", pa.int64()),
        ("tie", pa.bool_()),
    ]
)
TOKENS_LAYOUT = "-".join(_SCHEMA.names)
"""Names of the columns of the Arrow files, part of the key of a cache."""
_VALUES = ("prompt_length", "rejected_prompt_length", "margin", "weight", "tie")
_BATCH = 256
UNKNOWN = "unknown"
"""Name of the group of pairs without a criterion or language."""
PERCENTILES = (5, 50, 95, 100)
"""Percentiles of lengths in reports."""
_SPLITS: tuple[Split, ...] = ("train", "validation")


@dataclass
class TokenizationCounts:
    """Row counts of a split.

    Attributes:
        read: Rows read.
        kept: Pairs written.
        truncated: Pairs with a truncated response.
        windows: Pairs whose responses were cut to the functions that differ.
        partial_windows: Those of them whose window cannot hold all differences.
        ties: Pairs whose responses are equally good.
        margins: Pairs with a margin.
        tokens: Tokens of both responses of all pairs, prompts included.
        dropped: Reason -> rows.
        notes: Note on the tokens of a response, as in scoring -> pairs.
    """

    read: int = 0
    kept: int = 0
    truncated: int = 0
    windows: int = 0
    partial_windows: int = 0
    ties: int = 0
    margins: int = 0
    tokens: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)


class Categories(NamedTuple):
    """A text column with few values.

    Attributes:
        names: Its values, sorted.
        codes: Index of each pair's value in ``names``, shape ``[pairs]``, int32.
    """

    names: list[str]
    codes: np.ndarray


class TokenizedPairs:
    """Memory-mapped token ids: a sequence of dicts of arrays.

    Args:
        file: Arrow file that :func:`tokenize` wrote.

    Attributes:
        lengths: Tokens of each pair's longer response, shape ``[pairs]``.
        keys: Hash of each pair's texts, shape ``[pairs]``.
        groups: Hash of each pair's commit, or of its prompt where the commit is unknown, shape ``[pairs]``: pairs of
            one group are not independent.
        repositories: Hash of each pair's repository, or of its prompt where that is unknown, shape ``[pairs]``.
        criteria: Training name of each pair's criterion; empty if unknown.
        languages: Programming language of each pair; empty if unknown.
        ties: Whether each pair's responses are equally good, shape ``[pairs]``.
    """

    def __init__(self, file: Path) -> None:
        self.reader = pa.ipc.open_file(pa.memory_map(str(file)))
        self.batches = [self.reader.get_batch(i) for i in range(self.reader.num_record_batches)]
        self.ends = np.cumsum([batch.num_rows for batch in self.batches], dtype=np.int64)
        sizes = [
            np.maximum(*(np.diff(batch.column(side).offsets.to_numpy()) for side in ("chosen", "rejected")))
            for batch in self.batches
        ]
        self.lengths = np.concatenate(sizes) if sizes else np.zeros(0, np.int32)
        self.keys, self.groups, self.repositories = (
            np.concatenate([b.column(name).to_numpy() for b in self.batches]) if sizes else np.zeros(0, np.int64)
            for name in ("key", "group", "repository")
        )
        self.criteria, self.languages = (self._categories(name) for name in ("criterion", "language"))
        ties = [batch.column("tie").to_numpy(zero_copy_only=False) for batch in self.batches]
        self.ties = np.concatenate(ties) if ties else np.zeros(0, bool)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return one pair.

        Returns:
            ``chosen`` and ``rejected`` token ids (int32), their ``prompt_length`` and ``rejected_prompt_length``,
            ``margin``, ``weight`` and ``tie``.
        """
        batch, row = self._find(index)
        return {
            "chosen": batch.column("chosen")[row].values.to_numpy(),
            "rejected": batch.column("rejected")[row].values.to_numpy(),
            **{name: batch.column(name)[row].as_py() for name in _VALUES},
        }

    def idx(self, index: int) -> str:
        """Return the ``idx`` of the dataset row of a pair."""
        batch, row = self._find(index)
        return str(batch.column("idx")[row].as_py())

    def _find(self, index: int) -> tuple[pa.RecordBatch, int]:
        number = int(np.searchsorted(self.ends, index, side="right"))
        return self.batches[number], index - (int(self.ends[number - 1]) if number else 0)

    def weights(self) -> np.ndarray:
        """Return the weight of each pair, shape ``[pairs]``, float64."""
        return self._numbers("weight").astype(np.float64)

    def response_lengths(self) -> np.ndarray:
        """Return the tokens of the chosen and the rejected response of each pair, shape ``[pairs, 2]``."""
        sides = [("chosen", "prompt_length"), ("rejected", "rejected_prompt_length")]
        columns = [
            np.concatenate([np.diff(b.column(side).offsets.to_numpy()) for b in self.batches]) - self._numbers(prompt)
            for side, prompt in sides
        ]
        return np.stack(columns, axis=1)

    def _numbers(self, column: str) -> np.ndarray:
        return np.concatenate([batch.column(column).to_numpy() for batch in self.batches])

    def _categories(self, column: str) -> Categories:
        values = pa.chunked_array([batch.column(column) for batch in self.batches], pa.string())
        names = sorted(values.unique().to_pylist())
        return Categories(names, pc.index_in(values, pa.array(names, pa.string())).to_numpy())

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the number of pairs by criterion and by language, without columns that no pair has a value in."""
        columns = {"criterion": self.criteria, "language": self.languages}
        return {
            column: {name or UNKNOWN: int(n) for name, n in zip(names, np.bincount(codes), strict=True)}
            for column, (names, codes) in columns.items()
            if any(names)
        }

    def length_percentiles(self) -> dict[int, int]:
        """Return percentiles of the tokens of each pair's longer conversation; empty without pairs."""
        if not len(self):
            return {}
        values = np.percentile(self.lengths, PERCENTILES, method="higher")
        return {percent: int(value) for percent, value in zip(PERCENTILES, values, strict=True)}

    def sample(self, num_pairs: int) -> np.ndarray:
        """Return the indices of a sample of pairs without ties, longest first.

        The sample does not depend on the order of pairs.
        """
        order = np.argsort(self.keys, kind="stable")
        sample = order[~self.ties[order]][:num_pairs]
        return sample[np.argsort(-self.lengths[sample], kind="stable")]


def tokenize(
    rows: Iterable[Mapping[str, Any]], pair_encoder: PairEncoder, file: Path, malformed: Counter[str] | None = None
) -> TokenizationCounts:
    """Encode rows and write the pairs to an Arrow file; every dropped row is counted under its reason.

    Args:
        rows: Rows of :meth:`PreferenceSplits.rows`.
        pair_encoder: Tokenizer of the rows.
        file: The file to write.
        malformed: Reason -> number of rows that were read but are not in ``rows``; complete once they are consumed.
    """
    counts, dropped, notes = TokenizationCounts(), Counter[str](), Counter[str]()
    stream = iter(rows)
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, _SCHEMA) as writer:
        while batch := list(itertools.islice(stream, _BATCH)):
            counts.read += len(batch)
            pairs = []
            for row, result in zip(batch, pair_encoder.encode_pairs(batch), strict=True):
                if isinstance(result, Dropped):
                    dropped[result.reason] += 1
                else:
                    pairs.append(_record(row, result))
                    counts.truncated += result.truncated
                    counts.windows += result.window != "none"
                    counts.partial_windows += result.window == "partial"
                    counts.ties += pairs[-1]["tie"]
                    counts.margins += pairs[-1]["margin"] > 0
                    notes.update(result.notes)
                    counts.tokens += len(result.chosen.ids) + len(result.rejected.ids)
            counts.kept += len(pairs)
            if pairs:
                writer.write_batch(pa.RecordBatch.from_pylist(pairs, schema=_SCHEMA))
    counts.read += sum((malformed or {}).values())
    counts.dropped = dict(sorted((dropped + (malformed or Counter())).items()))
    counts.notes = dict(sorted(notes.items()))
    return counts


def _record(row: Mapping[str, Any], pair: EncodedPair) -> dict[str, Any]:
    aspect = row.get("aspect") or ""
    return {
        "chosen": pair.chosen.ids,
        "rejected": pair.rejected.ids,
        "prompt_length": pair.chosen.prompt_length,
        "rejected_prompt_length": pair.rejected.prompt_length,
        "truncated": pair.truncated,
        "key": pair_key(row),
        "margin": row.get("margin") or 0.0,
        "weight": 1.0 if row.get("weight") is None else row["weight"],
        "criterion": criterion(aspect).training_aspect if is_criterion(aspect) else aspect,
        "language": row.get("language") or "",
        "idx": row.get("idx") or "",
        "group": _hash(row.get("repos") or "", row["commit"]) if row.get("commit") else _hash(row["input"]),
        "repository": _hash(row.get("repos") or row["input"]),
        "tie": bool(row.get("tie")),
    }


def pair_key(row: Mapping[str, Any]) -> int:
    """Return the hash of a row's texts, see :attr:`TokenizedPairs.keys`."""
    return _hash(row["input"], row["chosen"], row["rejected"])


def _hash(*texts: str) -> int:
    return int(stable_id(*texts)[:15], 16)


def load_or_tokenize(
    splits: PreferenceSplits, pair_encoder: PairEncoder, folder: Path, key: str, *, keep_ties: bool = False
) -> dict[Split, TokenizationCounts]:
    """Encode both splits into ``folder``, unless it holds them under the same key.

    Args:
        splits: The dataset.
        pair_encoder: Tokenizer of its rows.
        folder: Output directory for ``train.arrow``, ``validation.arrow`` and ``counts.json``; written atomically.
        key: Fingerprint of the data and of everything else that the token ids depend on.
        keep_ties: Whether ties are kept in the training split; the validation split has none.

    Returns:
        Split -> counts.
    """
    cached = _read_counts(folder)
    if cached.get("key") == key:
        return {split: TokenizationCounts(**cached[split]) for split in _SPLITS}
    remove(folder)  # before the new one is written: two copies may not fit on the disk
    with atomic_directory(folder) as partial:
        counts = {
            split: _tokenize_split(splits, split, pair_encoder, partial, keep_ties and split == "train")
            for split in _SPLITS
        }
        write_json(partial / "counts.json", {"key": key, **{split: vars(count) for split, count in counts.items()}})
    return counts


def _tokenize_split(
    splits: PreferenceSplits, split: Split, pair_encoder: PairEncoder, folder: Path, keep_ties: bool
) -> TokenizationCounts:
    malformed: Counter[str] = Counter()
    rows = splits.rows(split, malformed, keep_ties=keep_ties)
    return tokenize(rows, pair_encoder, folder / f"{split}.arrow", malformed)


def _read_counts(folder: Path) -> dict[str, Any]:
    file = folder / "counts.json"
    return read_json_object(file) if file.is_file() else {}
