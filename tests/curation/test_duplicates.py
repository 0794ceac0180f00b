"""Exact duplicates: the result depends only on the rows and their order."""

import itertools
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.curation.duplicates import (
    REASONS,
    SIGNATURE,
    FindDuplicates,
    Shards,
    find_duplicates,
    first_reasons,
    sign,
)


def row(number: int, old: str, new: str, origin: str = "commit", function: str = "f") -> dict:
    return {
        "id": f"{number}",
        "chosen": new,
        "rejected": old,
        "origin": origin,
        "repos": "r",
        "file_path": "p",
        "instruction": function,
    }


ROWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("abc"), st.sampled_from(["commit", "injection"])), max_size=14
).map(lambda rows: [row(n, old, new, origin) for n, (old, new, origin) in enumerate(rows) if old != new])


def expected_drops(rows: list[dict]) -> dict[int, str]:
    """Return row -> reason by the definition, in quadratic time."""
    dropped: dict[int, str] = {}
    answers = defaultdict(list)
    for n, this in enumerate(rows):
        group = "injection" if this["origin"] == "injection" else this["id"]
        answers[this["chosen"]].append((n, group))
        pair = (this["rejected"], this["chosen"])
        others = [(m, (r["rejected"], r["chosen"])) for m, r in enumerate(rows)]
        if any(other == pair[::-1] for _, other in others):
            dropped[n] = "contradicted"
        elif any(other == pair for m, other in others if m < n):
            dropped[n] = "duplicate-pair"
        elif answers[this["chosen"]][0][1] != group:
            dropped[n] = "duplicate-answer"
    return dropped


def signatures(rows: list[dict], shards: int) -> np.ndarray:
    # Rows in contiguous shards, so that (shard, row) order is the order of the list.
    size = -(-len(rows) // shards) or 1
    return np.array([s for n, this in enumerate(rows) for s in sign(this, n // size, n % size)], SIGNATURE)


def as_numbers(drops: np.ndarray, rows: list[dict], shards: int) -> dict[int, str]:
    size = -(-len(rows) // shards) or 1
    return {int(d["shard"]) * size + int(d["row"]): REASONS[d["reason"]] for d in drops}


@given(ROWS, st.integers(1, 4), st.randoms(use_true_random=False))
def test_duplicates_do_not_depend_on_the_order_of_signatures(rows, shards, random):
    values = signatures(rows, shards)
    order = list(range(len(values)))
    random.shuffle(order)
    assert as_numbers(find_duplicates(values[order]), rows, shards) == expected_drops(rows)


@given(ROWS, st.integers(1, 3), st.integers(1, 7))
def test_ranges_of_digests_yield_the_same_as_one_range(rows, shards, parts):
    values = signatures(rows, shards)
    bounds = [(1 << 64) * p // parts for p in range(parts + 1)]
    pieces = [
        find_duplicates(values[[lo <= int(h) < hi for h in values["high"]]]) for lo, hi in itertools.pairwise(bounds)
    ]
    assert as_numbers(first_reasons(np.concatenate(pieces)), rows, shards) == expected_drops(rows)


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_the_step_reads_every_signature_once(tmp_path: Path, parts):
    shards = Shards(tmp_path, {"commits": 2, "solutions": 1})
    rows = [row(n, f"old{n}", f"new{n % 40}") for n in range(120)]
    values = signatures(rows, 3)
    for shard in range(3):
        own = values[values["shard"] == shard]
        path = shards.signatures(shard)
        path.parent.mkdir(exist_ok=True)
        np.save(path, own[np.lexsort((own["low"], own["high"]))])
    for part in range(parts):
        list(FindDuplicates(shards).run(rank=part, world_size=parts))
    drops = first_reasons(np.concatenate([np.load(shards.drops(part)) for part in range(parts)]))
    assert as_numbers(drops, rows, 3) == expected_drops(rows)
    assert len(drops) == 80


def test_bugs_in_one_solution_may_share_the_better_version():
    rows = [row(0, "bug1", "s", "injection"), row(1, "bug2", "s", "injection"), row(2, "bug3", "s", "injection", "g")]
    assert as_numbers(find_duplicates(signatures(rows, 1)), rows, 1) == {2: "duplicate-answer"}


def test_shards_are_numbered_consecutively_over_the_inputs(tmp_path):
    shards = Shards(tmp_path, {"commits": 2, "solutions": 3})
    assert shards.number("solutions", 0) == 2
    assert shards.rows(4).name == "solutions-00002.parquet"
