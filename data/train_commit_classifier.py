"""Train the classifier of commits that is part of the package on the labels in data/commit_labels.csv.

    themis-rm mine https://github.com/rack/rack ... --out mined    # the repositories of the labels
    python data/train_commit_classifier.py mined/commits

It needs ``pip install 'themis-rm[classifier]'``. ``--encoder MODEL`` fine-tunes an encoder, such as
answerdotai/ModernBERT-base, instead (``pip install 'themis-rm[train]'``), and writes it to ``--out``.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from themis_rm.criteria import CRITERIA
from themis_rm.curation.commit_classifier.base import CommitChange, load_classifier
from themis_rm.curation.commit_classifier.encoder import EncoderSettings, train_encoder
from themis_rm.curation.commit_classifier.features import features_of
from themis_rm.curation.commit_classifier.training import LabeledCommit, Settings, save, train
from themis_rm.curation.filters import COMMITS, filters_of
from themis_rm.curation.filters.criteria import CriteriaFilter
from themis_rm.curation.settings import CurateSettings
from themis_rm.pipeline import exclusion_writer
from themis_rm.storage.parquet import parquet_files, read_rows

ROOT = Path(__file__).parents[1]
LABELS = ROOT / "data" / "commit_labels.csv"
FILE = ROOT / "src/themis_rm/curation/commit_classifier/commit_classifier.parquet"
PRECISION = {"EE": 0.9, "SH": 0.9}  # of 20 pairs each that were read after a first training, 76 % and 65 % were right
SHORTS = tuple(row.short for row in CRITERIA)


def read_labels(path: Path) -> dict[tuple[str, str], list[list[str]]]:
    """Return commit and file -> the criteria that each reader gave."""
    labels: dict[tuple[str, str], list[list[str]]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            labels[row["commit"], row["file_path"]].append(row["criteria"].split())
    return labels


class Kept:
    """The filters of ``curate`` before the labels: which commits reach them."""

    def __init__(self) -> None:
        settings = CurateSettings()
        filters = filters_of(
            COMMITS, settings.of_filter, lambda stage: exclusion_writer(Path("unused"), stage.row_type.schema(), "none")
        )
        self.filters = [item for item in filters if item.order < CriteriaFilter.order]

    def __call__(self, row: dict[str, Any]) -> bool:
        """Return whether a commit is kept."""
        return all(item.check(row) is True for item in self.filters)


def sampled(commits: Path, per_repository: int, seed: int) -> dict[str, set[int]]:
    """Return repository -> numbers of randomly chosen commits, the same share of each repository at most."""
    counts: dict[str, int] = defaultdict(int)
    for file in parquet_files(commits):
        for name in pq.read_table(file, columns=["repos"]).column("repos").to_pylist():
            counts[name] += 1
    draw = random.Random(seed)
    return {name: set(draw.sample(range(count), min(count, per_repository))) for name, count in sorted(counts.items())}


def read_commits(
    commits: Path, labels: dict[tuple[str, str], list[list[str]]], chosen: dict[str, set[int]]
) -> Iterator[tuple[dict[str, Any], list[list[str]] | None, bool]]:
    """Yield the rows that were read or sampled, with the criteria of each reader, and whether they were sampled."""
    numbers: dict[str, int] = defaultdict(int)
    for row in read_rows(commits):
        number = numbers[row["repos"]]
        numbers[row["repos"]] += 1
        given, drawn = labels.get((row["commit"], row["file_path"])), number in chosen[row["repos"]]
        if given is not None or drawn:
            yield row, given, drawn


def read_weights(path: Path) -> dict[tuple[str, str], float]:
    """Return commit and file -> how many commits of a history it represents, for the fourth set."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["weight"]]
    return {(row["commit"], row["file_path"]): float(row["weight"]) for row in rows}


def compare(labeled: list[LabeledCommit], methods: list[dict[str, Any]], weights: list[float | None]) -> None:
    """Print precision and recall of each method on the fourth set, by commits and weighted to a history."""
    rows = [item for item in zip(labeled, methods, weights, strict=True) if item[2] is not None]
    for method in ("terms", "evidence", "classifier"):
        for short in (*SHORTS, "all"):
            counts = [0.0] * 6  # given, right, wanted; the same weighted
            for commit, found, weight in rows:
                for name in SHORTS if short == "all" else [short]:
                    share, given = commit.criteria[name], name in found[method]
                    for i, value in enumerate((given, given * share, share)):
                        counts[i] += value
                        counts[i + 3] += value * weight
            text = [f"precision {r / g if g else 0:.0%} recall {r / w:.0%}" for g, r, w in (counts[:3], counts[3:])]
            print(f"{method:10} {short:4} {counts[0]:4.0f} labels: {text[0]}; weighted {text[1]}")


def main() -> None:
    """Train a classifier."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commits", type=Path, help="mined commits")
    parser.add_argument("--labels", type=Path, default=LABELS)
    parser.add_argument("--out", type=Path, default=FILE)
    parser.add_argument("--per-repository", type=int, default=130, help="commits of the random sample")
    parser.add_argument("--encoder", help="encoder to fine-tune instead of the linear classifier")
    options = parser.parse_args()
    labels, weights, kept = read_labels(options.labels), read_weights(options.labels), Kept()
    chosen = sampled(options.commits, options.per_repository, seed=0)
    labeled, population, changes, methods, places = [], [], [], [], []
    for row, given, drawn in read_commits(options.commits, labels, chosen):
        if not kept(row):
            continue
        change = CommitChange.of_row(row)
        shares = {short: sum(short in criteria for criteria in given) / len(given) for short in SHORTS} if given else {}
        if options.encoder:
            changes += [(change, shares, row["repos"])] if given else []
            continue
        features = features_of(change)
        population += [features] if drawn else []
        if given:
            labeled.append(LabeledCommit(features, shares, row["repos"]))
            methods.append({"terms": change.terms, "evidence": change.evidence})
            places.append((row["commit"], row["file_path"]))
    repositories = {commit.repository for commit in labeled} | {repository for _, _, repository in changes}
    facts = {"repositories": sorted(repositories), "date": date.today().isoformat()}
    if options.encoder:
        if options.out == FILE:
            parser.error("--encoder needs --out DIR")
        train_encoder(changes, EncoderSettings(options.encoder, SHORTS), options.out, facts)
    else:
        print(len(labeled), "labeled commits,", len(population), "others")
        table, unseen = train(labeled, population, Settings(SHORTS, precision=PRECISION), facts, print)
        save(table, options.out)
        thresholds = load_classifier(options.out).thresholds
        for found, chances in zip(methods, unseen, strict=True):
            found["classifier"] = [s for s, chance in zip(SHORTS, chances, strict=True) if chance >= thresholds[s]]
        compare(labeled, methods, [weights.get(place) for place in places])


if __name__ == "__main__":
    main()
