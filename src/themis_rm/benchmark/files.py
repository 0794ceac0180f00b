"""Files of a compiled benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BenchmarkFiles:
    """Paths of the files of a compiled benchmark, all in one directory.

    Attributes:
        pairs: The Parquet file of the pairs (:class:`~themis_rm.records.CompiledPair`).
    """

    pairs: Path

    def sibling_path(self, ending: str) -> Path:
        """Return the path of the benchmark with another ending."""
        return self.pairs.with_suffix("").with_name(self.pairs.stem + ending)

    @property
    def checks(self) -> Path:
        """Return the Parquet file of the checks (:class:`~themis_rm.execute.check.Check`), by pair id."""
        return self.sibling_path(".checks.parquet")

    @property
    def manifest(self) -> Path:
        """Return the JSON file of the :class:`~themis_rm.benchmark.manifest.Manifest`."""
        return self.sibling_path(".manifest.json")

    @property
    def prompt_cache(self) -> Path:
        """Return the JSONL cache of prompts that a chat model wrote."""
        return self.sibling_path(".prompts.jsonl")

    @property
    def dropped(self) -> Path:
        """Return the directory of dropped records, one subdirectory per reason."""
        return self.sibling_path(".dropped")

    @property
    def work(self) -> Path:
        """Return the directory of intermediate files, which exists only while a compilation is incomplete."""
        return self.sibling_path(".work")
