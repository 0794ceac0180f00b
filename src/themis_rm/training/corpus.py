"""Preference datasets as a run reads them: splits found, rows streamed, token ids kept on disk and memory-mapped."""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from themis_rm.errors import InputError, MissingExtraError
from themis_rm.storage.atomic import write_text
from themis_rm.storage.digests import stable_id
from themis_rm.storage.parquet import open_parquet, parquet_files, read_rows
from themis_rm.training.tokenization import Dropped, EncodedPair, PairEncoder

COLUMNS = ["system", "input", "chosen", "rejected"]
_SCHEMA = pa.schema(
    [
        ("chosen", pa.list_(pa.int32())),
        ("rejected", pa.list_(pa.int32())),
        ("prompt", pa.int32()),
        ("truncated", pa.bool_()),
        ("key", pa.int64()),
    ]
)
_BATCH = 256


@dataclass(frozen=True)
class Corpus:
    """The files of a preference dataset.

    Attributes:
        train: Parquet files of the training split.
        validation: Parquet files of the validation split; empty if rows are to be set aside from ``train``.
        holdout: Share of rows to set aside then.
    """

    train: tuple[Path, ...]
    validation: tuple[Path, ...]
    holdout: float

    def rows(self, split: str) -> Iterator[dict[str, Any]]:
        """Stream the rows of ``train`` or ``validation`` in file order."""
        if self.validation:
            for file in self.train if split == "train" else self.validation:
                yield from read_rows(file, COLUMNS)
            return
        for file in self.train:
            for row in read_rows(file, COLUMNS):
                if (_position(row) < self.holdout) == (split == "validation"):
                    yield row

    def digest(self) -> str:
        """Return the SHA-256 of the files' contents and of how they are split."""
        total = hashlib.sha256(repr((len(self.train), len(self.validation), self.holdout)).encode())
        for file in (*self.train, *self.validation):
            with file.open("rb") as handle:
                total.update(hashlib.file_digest(handle, "sha256").digest())
        return total.hexdigest()


def _position(row: Mapping[str, Any]) -> float:
    # Rows of one repository, or of one prompt, stay together.
    return int(stable_id(row.get("repos") or row["input"])[:8], 16) / 2**32


def find_corpus(data: Path | str, holdout: float) -> Corpus:
    """Find the splits of a dataset.

    A folder with files or folders whose names start with ``train`` (by themselves or under ``data/``, the convention
    of the ``datasets`` library, in which ``assemble`` writes) has those as its training split, and likewise
    ``validation``; other splits are left alone. Otherwise every Parquet file is training data and a share of it is set
    aside.

    Args:
        data: A Parquet file, a folder, or the hub name of a dataset (needs the ``datasets`` package).
        holdout: See :class:`Corpus`.

    Raises:
        InputError: There is nothing, or a file lacks a column.
        MissingExtraError: A hub name without the ``datasets`` package.
    """
    path = Path(data)
    if not path.exists() and len(path.parts) == 2 and not path.suffix:
        return _from_hub(str(data), holdout)
    train, validation = _named_splits(path) if path.is_dir() else ((), ())
    if train:
        # Who made the splits decided on validation too: nothing is set aside beside an empty one.
        holdout = 0.0
    else:
        train = tuple(parquet_files(path))
    for file in (*train, *validation):
        open_parquet(file, COLUMNS).close()
    return Corpus(train, validation, holdout)


def _named_splits(path: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    for root in (path, path / "data"):
        found = [
            tuple(file for entry in sorted(root.glob(f"{split}*")) for file in _parquet_under(entry))
            for split in ("train", "validation")
        ]
        if found[0]:
            return found[0], found[1]
    return (), ()


def _parquet_under(entry: Path) -> list[Path]:
    if entry.is_dir():
        return sorted(entry.rglob("*.parquet"))
    return [entry] if entry.suffix == ".parquet" else []


def _from_hub(name: str, holdout: float) -> Corpus:
    try:
        import datasets
    except ImportError:
        raise MissingExtraError("datasets", "train") from None
    builder = datasets.load_dataset_builder(name)
    builder.download_and_prepare(file_format="parquet")
    folder = Path(builder.cache_dir)
    train, validation = (tuple(sorted(folder.glob(f"*-{split}*.parquet"))) for split in ("train", "validation"))
    if not train:
        raise InputError(f"The dataset {name} has no training split.")
    return Corpus(train, validation, holdout)


@dataclass
class Counts:
    """What became of a split's rows.

    Attributes:
        read: Rows seen.
        kept: Pairs written.
        truncated: Pairs of which a response was cut.
        tokens: Tokens of both responses of all pairs.
        dropped: Reason -> rows.
    """

    read: int = 0
    kept: int = 0
    truncated: int = 0
    tokens: int = 0
    dropped: dict[str, int] = field(default_factory=dict)


class TokenPairs:
    """Encoded pairs on disk, memory-mapped: a sequence of dicts of arrays.

    Args:
        file: What :func:`tokenize` wrote.

    Attributes:
        lengths: Tokens of each pair's longer response, shape ``[pairs]``.
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
        self.keys = np.concatenate([b.column("key").to_numpy() for b in self.batches]) if sizes else np.zeros(0)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return one pair: ``chosen`` and ``rejected`` ids (int32 arrays) and the ``prompt`` length of the chosen."""
        number = int(np.searchsorted(self.ends, index, side="right"))
        batch = self.batches[number]
        row = index - (int(self.ends[number - 1]) if number else 0)
        return {
            "chosen": batch.column("chosen")[row].values.to_numpy(),
            "rejected": batch.column("rejected")[row].values.to_numpy(),
            "prompt": batch.column("prompt")[row].as_py(),
        }

    def sample(self, rows: int) -> np.ndarray:
        """Return the indices of a sample of pairs that does not depend on their order, longest first."""
        chosen = np.argsort(self.keys, kind="stable")[:rows]
        return chosen[np.argsort(-self.lengths[chosen], kind="stable")]


def tokenize(rows: Iterable[Mapping[str, Any]], pair_encoder: PairEncoder, file: Path) -> Counts:
    """Encode rows and write the pairs as an Arrow file; every dropped row is counted under its reason."""
    counts, dropped = Counts(), Counter[str]()
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
                    counts.tokens += len(result.chosen.ids) + len(result.rejected.ids)
            counts.kept += len(pairs)
            if pairs:
                writer.write_batch(pa.RecordBatch.from_pylist(pairs, schema=_SCHEMA))
    counts.dropped = dict(sorted(dropped.items()))
    return counts


def _record(row: Mapping[str, Any], pair: EncodedPair) -> dict[str, Any]:
    return {
        "chosen": pair.chosen.ids,
        "rejected": pair.rejected.ids,
        "prompt": pair.chosen.prompt,
        "truncated": pair.truncated,
        "key": int(stable_id(row["input"], row["chosen"], row["rejected"])[:15], 16),
    }


def cached_tokens(corpus: Corpus, pair_encoder: PairEncoder, folder: Path, key: str) -> dict[str, Counts]:
    """Encode both splits into ``folder`` unless that was done before under the same key.

    Args:
        corpus: The dataset.
        pair_encoder: What encodes its rows.
        folder: Gets ``train.arrow``, ``validation.arrow`` and ``counts.json``; appears only when whole.
        key: Stands for the data and everything that the ids depend on.

    Returns:
        Split -> counts.
    """
    known = _read_counts(folder)
    if known and known["key"] == key:
        return {split: Counts(**known[split]) for split in ("train", "validation")}
    partial = folder.with_name(folder.name + ".partial")
    for stale in (folder, partial):
        shutil.rmtree(stale, ignore_errors=True)
    partial.mkdir(parents=True)
    counts = {
        split: tokenize(corpus.rows(split), pair_encoder, partial / f"{split}.arrow")
        for split in ("train", "validation")
    }
    told = {split: vars(count) for split, count in counts.items()}
    write_text(partial / "counts.json", json.dumps({"key": key, **told}, indent=2) + "\n")
    partial.rename(folder)
    return counts


def _read_counts(folder: Path) -> dict[str, Any] | None:
    file = folder / "counts.json"
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None
