"""Near duplicates: recall and precision against all comparisons, bounded work, and the rule for one repository."""

import random
from pathlib import Path

import numpy as np
import pytest

from themis_rm.curation.curate import curate
from themis_rm.curation.duplicates import DROP, REASONS, Shards
from themis_rm.curation.minhash import band_hashes, jaccard, minhash_signatures
from themis_rm.curation.near_duplicates import (
    LINKS,
    FindCandidates,
    NearDuplicateSettings,
    PairSketcher,
    SelectNearDuplicates,
    SketchRows,
    change_of,
    find_links,
    origin_of,
)
from themis_rm.curation.settings import CurateSettings
from themis_rm.pipeline import ExecutorSettings, to_document
from themis_rm.records import Commit
from themis_rm.storage.arrays import save_array
from themis_rm.storage.parquet import write_rows

SETTINGS = NearDuplicateSettings()
WORDS = [f"word{n}" for n in range(400)]


def pair(words, repos="r", fix="fixed") -> dict:
    half = len(words) // 2
    lines = [" ".join(words[i : i + 8]) for i in range(0, len(words), 8)]
    lines.insert(half // 8, "broken = 1")
    rejected = "\n".join(lines)
    return {
        "chosen": rejected.replace("broken", fix),
        "rejected": rejected,
        "language": "Python",
        "repos": repos,
        "file_path": "a.py",
        "instruction": "Fix it",
    }


def mutations(seed: int, bases: int, copies: int) -> list[dict]:
    """Return families of texts that differ in none to many words, each text in a repository of its own."""
    draw = random.Random(seed)
    rows = []
    for _base in range(bases):
        words = draw.choices(WORDS, k=draw.randint(150, 500))
        for _ in range(copies):
            changed = list(words)
            for position in draw.sample(range(len(words)), draw.randint(0, 4)):
                changed[position] = draw.choice(WORDS)
            rows.append(pair(changed, f"r{len(rows)}"))
    return rows


def find(folder: Path, rows: list[dict], shards: int = 1, exact=(), settings=SETTINGS) -> set[int]:
    """Return the rows that the three stages drop, with the rows divided into shards in order."""
    files = Shards(folder, {"commits": shards})
    size = -(-len(rows) // shards)
    for shard in range(shards):
        documents = (to_document(row) for row in rows[shard * size : (shard + 1) * size])
        list(SketchRows(files, "commits", settings).run(documents, rank=shard, world_size=shards))
    save_array(files.drops(0), np.array([(n // size, n % size, 1) for n in exact], DROP))
    for task in range(shards):
        list(FindCandidates(files, 1, settings.bands).run(rank=task, world_size=shards))
    list(SelectNearDuplicates(files, 1, settings).run())
    drops = np.load(files.drops(1))
    assert {REASONS[reason] for reason in drops["reason"]} <= {"near-duplicate"}
    return {int(drop["shard"]) * size + int(drop["row"]) for drop in drops}


def by_all_comparisons(rows: list[dict]) -> set[int]:
    sketcher = PairSketcher(SETTINGS.shingle_size)
    sets = [sketcher.shingles(row) for row in rows]
    kept: list[int] = []
    for number, values in enumerate(sets):
        if not any(jaccard(values, sets[other]) >= SETTINGS.min_jaccard for other in kept):
            kept.append(number)
    return set(range(len(rows))) - set(kept)


def test_recall_and_precision_against_all_comparisons(tmp_path):
    rows = mutations(1, bases=60, copies=5)
    wanted = by_all_comparisons(rows)
    found = find(tmp_path, rows)
    assert 60 < len(wanted) < 220
    assert len(found & wanted) >= 0.99 * len(wanted)
    assert len(found & wanted) >= 0.999 * len(found)


def test_the_result_does_not_depend_on_the_shards(tmp_path):
    rows = mutations(2, bases=10, copies=4)
    assert find(tmp_path / "1", rows, 1) == find(tmp_path / "3", rows, 3) != set()


def test_pairs_at_the_threshold_are_candidates_with_the_stated_probability():
    assert SETTINGS.rows == 5
    assert SETTINGS._recall(SETTINGS.rows) >= 0.998
    assert NearDuplicateSettings(min_jaccard=0.5).rows < SETTINGS.rows < NearDuplicateSettings(min_jaccard=0.9).rows


def test_many_copies_have_links_linear_in_their_number():
    rows = np.zeros(10_000, [("origin", "<u8"), ("change", "<u8"), ("end", "<u8")])
    rows["origin"] = np.arange(10_000)
    rows["change"] = np.arange(10_000)
    assert len(find_links(np.zeros(10_000, np.uint64), rows, np.ones(10_000, bool))) < LINKS * 10_000


def test_short_texts_do_not_fall_together(tmp_path):
    rows = [pair([name], f"r{n}") for n, name in enumerate(["alpha", "beta", "gamma", "alpha"])]
    assert find(tmp_path, rows) == {3}


def test_texts_without_tokens_match_nothing(tmp_path):
    rows = [pair([], f"r{n}") | {"chosen": f"# new {n}\n", "rejected": f"# old {n}\n"} for n in range(3)]
    assert find(tmp_path, rows) == set()


def test_comments_and_layout_do_not_matter(tmp_path):
    words = WORDS[:100]
    other = pair(words, "fork")
    for side in ("chosen", "rejected"):
        other[side] = "# Copyright\n" + other[side].replace(" ", "   ")
    assert find(tmp_path, [pair(words, "r"), other]) == {1}


def test_different_changes_of_a_file_of_one_repository_are_kept(tmp_path):
    words = WORDS[:200]
    same, other = pair(words, "r"), pair(words, "r", fix="repaired")
    assert find(tmp_path / "a", [pair(words, "r"), other]) == set()
    assert find(tmp_path / "b", [pair(words, "r"), pair(words, "fork", fix="repaired")]) == {1}
    same["chosen"], same["rejected"] = (f"import os\n{same[side]}" for side in ("chosen", "rejected"))
    assert find(tmp_path / "c", [pair(words, "r"), same]) == {1}


def test_a_fork_is_found_behind_many_changes_of_the_same_file(tmp_path):
    words = WORDS[:200]
    own = [pair(words, "r", fix=f"fixed{n}") for n in range(3 * LINKS)]
    cherry_pick = pair([*words[:-1], "later"], "r", fix=f"fixed{2 * LINKS}")
    assert find(tmp_path, [*own, cherry_pick]) == {len(own)}


def test_an_exact_duplicate_is_not_the_one_that_is_kept(tmp_path):
    rows = [pair(WORDS[:90], f"r{n}") for n in range(3)]
    assert find(tmp_path, rows, exact=[0]) == {2}


def test_solutions_without_repository_have_their_solution_as_origin():
    row = pair(WORDS[:9], "")
    assert origin_of(row) != origin_of(row | {"instruction": "Other"})
    assert change_of(row) == change_of(row | {"chosen": row["chosen"] + "\n\n"})


def test_an_exact_index_decides_not_the_signatures():
    first, second = (np.arange(start, start + 100, dtype=np.uint64) for start in (0, 10))
    bands = band_hashes(minhash_signatures([first, first, second], 20), 5)
    assert (bands[0] == bands[1]).all()
    assert jaccard(first, second) == pytest.approx(90 / 110)


def commit(number: int, repos: str) -> Commit:
    body = "".join(f"def load{k}(path):\n    return open(path).read({k}, 'x')\n" for k in range(12))
    old = f"# version {number}\n{body}"
    values = {
        "commit": f"{number:040x}",
        "subject": "Fix crash on missing file",
        "message": "Fix crash on missing file\n",
    }
    values |= {"repos": repos, "file_path": "a.py", "license": "MIT", "unix_time": 1_500_000_000, "language": "Python"}
    return Commit(**values, old_contents=old, new_contents=old.replace("'x'", "'r'", 1))


def test_curate_counts_and_keeps_the_dropped_rows(tmp_path):
    write_rows(tmp_path / "in" / "0.parquet", [commit(n, f"fork{n}") for n in range(3)], Commit.schema())
    one = ExecutorSettings(workers=1)
    report = curate(tmp_path / "in", None, tmp_path / "out", None, one)
    assert (report.kept, report.dropped) == (1, {"near-duplicate": 2})
    assert len(list((tmp_path / "out" / "dropped" / "near-duplicate").iterdir())) == 1
    off = CurateSettings.build({"near_duplicates": {"enabled": False}})
    assert curate(tmp_path / "in", None, tmp_path / "all", off, one).kept == 3
