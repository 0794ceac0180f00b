"""Lists of the medicines that a ward hands out in each round."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TextIO


class Dose(NamedTuple):
    """A medicine for a patient; doses sort by room, patient and medicine."""

    room: str
    patient: str
    medicine: str
    milligrams: int


def read_doses(path: Path) -> Iterator[tuple[str, Dose]]:
    """Yield each dose of the file with the time at which it is due."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            dose = Dose(row["room"], row["patient"], row["medicine"], int(row["dose_mg"]))
            for time in filter(None, row["times"].split(";")):
                yield time, dose


def round_lines(time: str, doses: Iterable[Dose]) -> Iterator[str]:
    """Yield the lines of one block."""
    ordered = sorted(doses)
    yield f"Round {time}"
    for dose in ordered:
        yield f"  {dose.room} {dose.patient}: {dose.medicine} {dose.milligrams} mg"
    yield f"  total {sum(dose.milligrams for dose in ordered)} mg in {len(ordered)} doses"
    yield ""


def print_rounds(path: Path, out: TextIO) -> None:
    """Write a block for every time at which medicines are due."""
    rounds: defaultdict[str, list[Dose]] = defaultdict(list)
    for time, dose in read_doses(path):
        rounds[time].append(dose)
    for time in sorted(rounds):
        for line in round_lines(time, rounds[time]):
            print(line, file=out)
