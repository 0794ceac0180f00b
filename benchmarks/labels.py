"""Compare the labels of commits with those of a reader: precision and recall of each criterion.

Run it on mined commits of the repositories in ``data/commit_labels.csv``::

    themis-rm mine https://github.com/rack/rack ... --out mined
    python benchmarks/labels.py mined/commits
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from themis_rm.criteria import CRITERIA
from themis_rm.curation.change_features import change_features
from themis_rm.curation.labels import label_commit, read_message
from themis_rm.curation.subjects import title_and_body
from themis_rm.curation.terms import label
from themis_rm.storage.parquet import read_rows

LABELS = Path(__file__).parents[1] / "data" / "commit_labels.csv"


def by_terms(row: dict[str, Any]) -> list[str]:
    """Return the labels of any term anywhere in the message."""
    subject, message = row["subject"], row["message"]
    return list(label(message if message.startswith(subject) else f"{subject}\n\n{message}"))


def by_evidence(row: dict[str, Any]) -> list[str]:
    """Return the labels of the message and the change."""
    message = read_message(*title_and_body(row["subject"], row["message"]))
    return list(label_commit(message, change_features(row["old_contents"], row["new_contents"], row["language"])))


def labeled_commits(commits: Path) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
    """Yield the set, the row and the criteria, main intent first, of each commit that the reader labeled."""
    with LABELS.open(encoding="utf-8", newline="") as file:
        known = {(row["commit"], row["file_path"]): row for row in csv.DictReader(file)}
    for row in read_rows(commits):
        if found := known.get((row["commit"], row["file_path"])):
            yield found["set"], row, found["criteria"].split()


def compare(rows: list[tuple[dict[str, Any], list[str]]], method: Callable[[dict[str, Any]], list[str]]) -> list[str]:
    """Return a line for each criterion and one for all of them."""
    given: Counter[str] = Counter()
    right: Counter[str] = Counter()
    main: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    for row, criteria in rows:
        labels = method(row)
        given.update(labels)
        right.update(short for short in labels if short in criteria)
        main.update(short for short in labels if criteria[:1] == [short])
        wanted.update(criteria[:1])
    shorts = [row.short for row in CRITERIA]
    lines = [_line(short, given[short], right[short], main[short], wanted[short]) for short in shorts]
    return [*lines, _line("all", given.total(), right.total(), main.total(), wanted.total())]


def _line(name: str, given: int, right: int, main: int, wanted: int) -> str:
    share = f"right {right / given:6.1%}  main {main / given:6.1%}" if given else "right    -    main    -  "
    return f"{name:4} labels {given:4}  {share}  recall {main / wanted if wanted else 0:6.1%} of {wanted}"


def main() -> None:
    """Print the comparison for each set of commits and each method."""
    sets: dict[str, list[tuple[dict[str, Any], list[str]]]] = {}
    for name, row, criteria in labeled_commits(Path(sys.argv[1])):
        sets.setdefault(name, []).append((row, criteria))
    for name, rows in sorted(sets.items()):
        for method in (by_terms, by_evidence):
            print(f"{name} set, {len(rows)} commits, {method.__name__}", *compare(rows, method), sep="\n")


if __name__ == "__main__":
    main()
