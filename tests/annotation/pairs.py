"""Small pairs, dropped rows and judgments for the tests of annotation."""

import json

from themis_rm.annotation.rows import AnnotationReader
from themis_rm.dataset.preferences import DataSettings
from themis_rm.records import CodePair, Commit
from themis_rm.storage.parquet import write_rows


def code_pair(number, criteria=("FC",), language="Python", **changes):
    values = {
        "id": f"pair{number}",
        "instruction": f"Add {number} to the sum.",
        "chosen": f"def add(x):\n    return x + {number}\n",
        "rejected": f"def add(x):\n    return x - {number}\n",
        "language": language,
        "criteria": list(criteria),
        "origin": "commit",
        "instruction_source": "subject",
        "repos": "sums",
        "file_path": "add.py",
        "license": "MIT",
    }
    return CodePair(**values | changes)


def commit(number, **changes):
    values = {
        "commit": f"{number:040x}",
        "subject": "Change things",
        "message": f"Change things\n\nNumber {number}",
        "repos": "sums",
        "file_path": "add.py",
        "license": "MIT",
        "unix_time": number,
        "new_contents": "new\n",
        "old_contents": f"old {number}\n",
        "language": "Python",
    }
    return Commit(**values | changes)


def write_pairs(path, pairs):
    write_rows(path, pairs, CodePair.schema())
    return path


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read(data, dropped=None, **settings):
    return list(AnnotationReader(data, DataSettings(**settings), dropped).rows())


def judgment(row, verdict, reader="ada", **changes):
    values = {"reader": reader, "id": row.id, "digest": row.digest, "criterion": row.pair.aspect, "verdict": verdict}
    return {**values, "self_contained": None, "leaks": None, "time": "2026-01-01T00:00:00Z", **changes}
