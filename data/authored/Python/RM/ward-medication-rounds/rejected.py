"""Lists of the medicines that a ward hands out in each round."""

import csv
from pathlib import Path
from typing import TextIO


def print_rounds(path: Path, out: TextIO) -> None:
    """Write a block for every time at which medicines are due."""
    with path.open(encoding="utf-8", newline="") as file:
        # rounds[time] = [total dose, number of doses, lines with their sort keys]
        rounds: dict[str, list] = {}
        for row in csv.DictReader(file):
            for time in row["times"].split(";"):
                if time:
                    if time not in rounds:
                        rounds[time] = [0, 0, []]
                    rounds[time][0] += int(row["dose_mg"])
                    rounds[time][1] += 1
                    rounds[time][2].append(
                        (
                            row["room"],
                            row["patient"],
                            row["medicine"],
                            int(row["dose_mg"]),
                            f"  {row['room']} {row['patient']}: {row['medicine']} {int(row['dose_mg'])} mg",
                        )
                    )

        # write the blocks
        for time in sorted(rounds):
            out.write(f"Round {time}\n")
            for entry in sorted(rounds[time][2]):
                out.write(entry[4] + "\n")
            out.write(f"  total {rounds[time][0]} mg in {rounds[time][1]} doses\n\n")
