"""Preference rows whose texts differ only in a number."""

from themis_rm.records import Preference
from themis_rm.storage.parquet import write_rows


def preference(number, **changes):
    values = {
        "system": None,
        "input": f"Task {number}",
        "chosen": f"return {number}",
        "rejected": "pass",
        "language": "Python",
        "aspect": "Functional Correctness",
        "source": "test",
        "idx": str(number),
        "repos": f"repo{number % 10}",
        **changes,
    }
    return Preference(**values)


def write(path, count=40, **changes):
    write_rows(path, (preference(i, **changes) for i in range(count)), Preference.schema())
    return path
