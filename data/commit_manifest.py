"""Write the manifest of the dataset of public histories: repository, commit, license, and rows at each stage.

themis-rm mine --repos-file data/commit_repositories.txt --until 2021-02-01 -s extra_files=tests-and-docs --out mined
themis-rm curate --commits mined/commits --out curated
themis-rm assemble curated/pairs --config commits --out dataset
python data/commit_manifest.py mined curated dataset > data/commit_manifest.csv
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from themis_rm.storage.parquet import parquet_files


def count_rows(folder: Path) -> Counter[str]:
    """Return repository -> rows of the Parquet files of a directory."""
    counts: Counter[str] = Counter()
    for file in parquet_files(folder):
        counts.update(pq.read_table(file, columns=["repos"]).column("repos").to_pylist())
    return counts


def split_rows(dataset: Path) -> dict[str, Counter[str]]:
    """Return split -> repository -> rows."""
    counts: dict[str, Counter[str]] = {}
    for file in parquet_files(dataset / "data"):
        names = pq.read_table(file, columns=["repos"]).column("repos").to_pylist()
        counts.setdefault(file.name.partition("-")[0], Counter()).update(names)
    return counts


def main() -> None:
    """Write the manifest as CSV to standard output."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("mined", "curated", "dataset"):
        parser.add_argument(name, type=Path)
    options = parser.parse_args()
    repositories = json.loads((options.mined / "report.json").read_text(encoding="utf-8"))["details"]["repositories"]
    pairs, splits = count_rows(options.curated / "pairs"), split_rows(options.dataset)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["repository", "head", "license", "license_changes", "commits", "mined", "pairs", *splits])
    for row in sorted(repositories, key=lambda row: row["name"].lower()):
        facts = [row[name] for name in ("name", "head", "license", "license_changes", "commits", "kept")]
        writer.writerow([*facts, pairs[row["name"]], *(counts[row["name"]] for counts in splits.values())])


if __name__ == "__main__":
    main()
