"""CodeRewardBench as published: five criteria and eight languages, with the published ids and subsets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.source import (
    DOWNLOAD_HINT,
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    UnusableRecord,
)
from themis_rm.criteria import criterion, is_criterion
from themis_rm.errors import InputError, SettingError, did_you_mean
from themis_rm.languages import benchmark_languages
from themis_rm.records import BenchmarkPair
from themis_rm.storage.parquet import open_parquet

CONFIGS: dict[str, tuple[str, ...]] = {
    "Full": ("Full",),
    "Stratified_Aspect": (
        "Functional_Correctness",
        "Memory_Efficiency",
        "Readability_Maintainability",
        "Runtime_Efficiency",
        "Security_Hardness",
    ),
    "Stratified_Language": ("C", "CSharp", "Cpp", "Go", "Java", "JavaScript", "Python", "Ruby"),
}
"""Published configurations and their splits. Each contains all pairs; they differ only in the splits."""

_LANGUAGES = frozenset(row.benchmark_name for row in benchmark_languages())


def read_config(directory: Path, config: str = "Full", splits: tuple[str, ...] = ()) -> Iterator[BenchmarkPair]:
    """Stream the rows of a published configuration, split by split.

    Args:
        directory: The downloaded dataset: one directory per configuration, with ``<split>-*.parquet``.
        config: One of :data:`CONFIGS`.
        splits: Splits to read; empty for all.

    Raises:
        SettingError: The configuration or split does not exist.
        InputError: Files or columns are missing.
    """
    if config not in CONFIGS:
        raise SettingError(f"Unknown configuration '{config}'.", did_you_mean(config, CONFIGS))
    for split in splits or CONFIGS[config]:
        if split not in CONFIGS[config]:
            raise SettingError(f"Unknown split '{split}' of {config}.", did_you_mean(split, CONFIGS[config]))
        files = sorted((directory / config).glob(f"{split}-*.parquet"))
        if not files:
            raise InputError(f"{directory / config} contains no {split}-*.parquet.", DOWNLOAD_HINT)
        for file in files:
            with open_parquet(file, BenchmarkPair.required()) as handle:
                for batch in handle.iter_batches(batch_size=256):
                    yield from map(BenchmarkPair.from_dict, batch.to_pylist())


def _read(directory: Path) -> Iterator[SourceRecord]:
    config = next((name for name in CONFIGS if (directory / name).is_dir()), "Full")
    seen: set[str] = set()
    for row in read_config(directory, config):
        if row.id in seen:
            yield UnusableRecord(row.id, "duplicate")
            continue
        seen.add(row.id)
        if not is_criterion(row.aspect):
            yield UnusableRecord(row.id, "aspect")
        elif row.language not in _LANGUAGES:
            yield UnusableRecord(row.id, "language")
        else:
            yield SourcePair(
                key=row.id,
                criterion=criterion(row.aspect).short,
                language=row.language,
                chosen=row.chosen,
                rejected=row.rejected,
                prompt=row.prompt,
                subset=row.subset,
            )


SOURCES.register(
    BenchmarkSource(
        name="coderewardbench",
        title="CodeRewardBench",
        subset="CODEREWARDBENCH",
        license="Apache-2.0",
        criteria=("FC", "EE", "ME", "R&M", "SH"),
        languages=tuple(row.benchmark_name for row in benchmark_languages()),
        prompts="upstream",
        responses="people and language models; 13 public datasets and mined commits",
        tests=False,
        citation=(
            "Paul, Gurevych and Glavaš (2026). Themis: Training Robust Multilingual Code Reward Models for Flexible "
            "Multi-Criteria Scoring. arXiv:2605.00754"
        ),
        upstream="hf:project-themis/Themis-CodeRewardBench",
        revision="eb17d59",
        files=("Full/Full-*.parquet", "or Stratified_Aspect/*.parquet", "or Stratified_Language/*.parquet"),
        keeps_ids=True,
        read=_read,
        notes=(
            "Pairs keep their published ids and subsets. The three configurations contain the same pairs; the first "
            "that exists is read. 173 pairs are from CodePrefBench, 14 from SecBench and 8 from Vul4J: compile either "
            "this source or those."
        ),
    )
)
