"""The stage ``assemble``: published columns, complete counts, output that depends only on pairs and settings."""

import dataclasses
import random
import shutil
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from themis_rm.criteria import CRITERIA, criterion
from themis_rm.dataset.assemble import assemble
from themis_rm.dataset.settings import AssembleSettings
from themis_rm.errors import InputError, SettingError
from themis_rm.pipeline import ExecutorSettings, StageReport
from themis_rm.prompts import PromptMix, built_in
from themis_rm.records import CodePair, Preference
from themis_rm.storage.parquet import read_rows, write_rows

ONE = ExecutorSettings(workers=1)
LANGUAGES = ["C", "Python", "Go"]
SPLITS = ("train", "validation", "test")
BASE = 1_400_000_000


def pairs_of(count: int, repositories: int = 12, seed: int = 0) -> list[CodePair]:
    rng = random.Random(seed)
    rows = []
    for n in range(count):
        injected = rng.random() < 0.3
        short = rng.sample([row.short for row in CRITERIA], rng.choice([1, 1, 2]))
        rows.append(
            CodePair(
                id=f"{n:032x}",
                instruction=f"Make part {n} better",
                chosen=f"int better{n}(int x) {{ return x * {n}; }}" + " " * rng.randrange(3),
                rejected=f"int worse{n}(int x) {{ return x + {n}; }}" + " " * rng.randrange(6),
                language=rng.choice(LANGUAGES),
                criteria=["FC"] if injected else [row.short for row in CRITERIA if row.short in short],
                origin="injection" if injected else "commit",
                instruction_source="docstring" if injected else "subject",
                repos=f"owner/repo{rng.randrange(repositories)}",
                file_path=f"src/{n}.c",
                license=rng.choice(["MIT", "Apache-2.0"]),
                unix_time=None if injected else BASE + rng.randrange(10**8),
                operator="swap" if injected else "",
            )
        )
    return rows


def write(folder: Path, rows: list[CodePair], shards: int = 3) -> Path:
    for shard in range(shards):
        write_rows(folder / f"{shard:05d}.parquet", rows[shard::shards], CodePair.schema())
    return folder


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return write(tmp_path_factory.mktemp("pairs"), pairs_of(300))


@pytest.fixture(scope="module")
def assembled(pairs, tmp_path_factory):
    out = tmp_path_factory.mktemp("assembled")
    settings = AssembleSettings(validation=0.2, test=0.2)
    return out, assemble(pairs, out, settings, ONE), settings


def data(out: Path) -> dict[str, bytes]:
    files = [*(out / "data").iterdir(), out / "README.md"]
    files += (out / "dropped").rglob("*.parquet")
    return {str(f.relative_to(out)): f.read_bytes() for f in files}


def rows_of(out: Path, split: str = "*") -> list[dict]:
    return [row for f in sorted((out / "data").glob(f"{split}-*.parquet")) for row in read_rows(f)]


def test_the_published_columns_come_first(assembled):
    file = next((assembled[0] / "data").iterdir())
    assert pq.read_schema(file).names[:8] == [
        *("system", "input", "chosen", "rejected", "language", "aspect", "source", "idx")
    ]
    assert pq.read_schema(file).equals(Preference.schema())


def test_counts_add_up_and_every_dropped_row_is_written_out(assembled):
    out, report, _ = assembled
    assert report.read == 300
    assert report.kept == len(rows_of(out)) > 100
    assert report.kept + sum(report.dropped.values()) == report.details["rows_expanded"]
    assert {f.name: sum(1 for _ in read_rows(f)) for f in (out / "dropped").iterdir()} == report.dropped
    assert StageReport.load(out) == report


def test_a_pair_becomes_one_row_per_criterion(pairs, assembled):
    wanted = Counter(row["id"] for row in read_rows(pairs) for _ in row["criteria"])
    assert assembled[1].details["rows_expanded"] == wanted.total()
    assert len({row["idx"] for row in rows_of(assembled[0])}) == assembled[1].kept


def test_prompts_are_drawn_by_seed_and_id(assembled):
    out, _, settings = assembled
    for row in rows_of(out):
        own = criterion(row["aspect"])
        drawn = built_in().draw(settings.mix, own, f"{settings.seed}:{row['idx']}")
        assert (row["prompt_mode"], row["system"]) == drawn


def test_splits_are_disjoint_by_repository_and_time(assembled):
    out = assembled[0]
    repos = {split: {row["repos"] for row in rows_of(out, split)} for split in ("train", "validation", "test")}
    assert all(repos.values())
    assert len(set.union(*repos.values())) == sum(map(len, repos.values()))
    times = {split: [row["unix_time"] for row in rows_of(out, split) if row["unix_time"]] for split in repos}
    assert max(times["train"]) < min(times["validation"] + times["test"])
    assert assembled[1].dropped["time-cutoff"] > 0


def test_the_time_cutoff_can_be_a_day(pairs, tmp_path):
    report = assemble(pairs, tmp_path / "out", AssembleSettings.build({"time_cutoff": "2016-01-01", "test": 0.2}), ONE)
    assert report.details["time_cutoff"] == 1451606400
    assert max(row["unix_time"] or 0 for row in rows_of(tmp_path / "out", "train")) < 1451606400


def test_without_a_time_cutoff_no_row_is_dropped_for_it(pairs, tmp_path):
    report = assemble(pairs, tmp_path / "out", AssembleSettings(time_cutoff=None), ONE)
    assert "time-cutoff" not in report.dropped


PERIODS = {"train_before": "2015-01-01", "evaluation_from": "2015-03-01", "evaluation_before": "2016-06-01"}


def test_periods_of_the_splits_are_kept_and_on_the_card(pairs, tmp_path):
    report = assemble(pairs, tmp_path / "out", AssembleSettings.build(PERIODS | {"test": 0.2}), ONE)
    times = {split: [r["unix_time"] for r in rows_of(tmp_path / "out", split) if r["unix_time"]] for split in SPLITS}
    assert max(times["train"]) < 1420070400
    held_out = times["validation"] + times["test"]
    assert 1425168000 <= min(held_out) <= max(held_out) < 1464739200
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "from before 2015-01-01 00:00 UTC" in card
    assert "from 2015-03-01 00:00 UTC or\nlater and from before 2016-06-01 00:00 UTC" in card
    (remark,) = [text for text in report.details["remarks"] if "dropped for their time" in text]
    assert f"{report.dropped['time-cutoff']} of {report.details['rows_expanded']} rows" in remark
    times = [row["unix_time"] or 0 for row in read_rows(pairs) for _ in row["criteria"]]
    nowhere = sum(1420070400 <= time < 1425168000 or time >= 1464739200 for time in times)
    assert f"{nowhere} of them are in neither period." in remark
    others = report.dropped["time-cutoff"] - nowhere
    assert f"{others} are in the period of a split that their repository is not in" in remark


def test_without_disjoint_repositories_fewer_rows_are_lost_and_the_card_counts_them(pairs, tmp_path):
    values = {"time_cutoff": "2015-06-01", "test": 0.2}
    disjoint = assemble(pairs, tmp_path / "a", AssembleSettings.build(values), ONE)
    report = assemble(pairs, tmp_path / "b", AssembleSettings.build(values | {"disjoint_repositories": False}), ONE)
    assert disjoint.dropped["time-cutoff"] > 50
    assert "time-cutoff" not in report.dropped
    of_split = {split: {row["repos"] for row in rows_of(tmp_path / "b", split)} for split in SPLITS}
    several = sum(map(len, of_split.values())) - len(set().union(*of_split.values()))
    assert report.details["repositories_in_several_splits"] == several > 0
    assert {name: len(repos) for name, repos in of_split.items()} == report.details["repositories"]
    times = {split: [r["unix_time"] for r in rows_of(tmp_path / "b", split) if r["unix_time"]] for split in SPLITS}
    assert max(times["train"]) < 1433116800 <= min(times["validation"] + times["test"])


def test_an_automatic_cutoff_without_disjoint_repositories_leaves_the_wanted_share(pairs, tmp_path):
    settings = AssembleSettings(validation=0.1, test=0.1, disjoint_repositories=False)
    rows = assemble(pairs, tmp_path / "out", settings, ONE)
    timed = [row for row in rows_of(tmp_path / "out") if row["unix_time"]]
    late = [row for row in timed if row["unix_time"] >= rows.details["time_cutoff"]]
    assert len(late) / len(timed) == pytest.approx(0.2, abs=0.01)


def test_the_output_does_not_depend_on_the_number_of_workers(pairs, assembled, tmp_path):
    assemble(pairs, tmp_path / "two", assembled[2], ExecutorSettings(workers=2))
    assert data(tmp_path / "two") == data(assembled[0])


@pytest.mark.parametrize("shards", [1, 5])
def test_the_output_does_not_depend_on_the_order_and_files_of_the_pairs(pairs, assembled, tmp_path, shards):
    rows = [CodePair.from_dict(row) for row in read_rows(pairs)]
    random.Random(shards).shuffle(rows)
    shuffled = write(tmp_path / "in", rows, shards)
    assemble(shuffled, tmp_path / "out", assembled[2], ONE)
    assert {n: b for n, b in data(tmp_path / "out").items() if n.startswith("data")} == {
        n: b for n, b in data(assembled[0]).items() if n.startswith("data")
    }


def test_another_seed_yields_another_order(pairs, assembled, tmp_path):
    settings = assembled[2].model_copy(update={"seed": 1})
    assemble(pairs, tmp_path / "out", settings, ONE)
    assert [row["idx"] for row in rows_of(tmp_path / "out")] != [row["idx"] for row in rows_of(assembled[0])]


def test_an_interrupted_run_resumes_to_the_same_bytes(pairs, assembled, tmp_path):
    out = tmp_path / "out"
    assemble(pairs, out, assembled[2], ONE)
    for marker in ("rows/completions/00001", "files/completions/00000"):
        (out / "logs" / marker).unlink()
    for stage in ("index", "plan", "rows"):
        shutil.rmtree(out / "logs" / stage / "completions")
    next((out / "data").glob("train*")).write_bytes(b"PAR1 truncated")
    (out / "report.json").unlink()
    again = assemble(pairs, out, assembled[2], ONE)
    assert data(out) == data(assembled[0])
    assert (again.kept, again.dropped) == (assembled[1].kept, assembled[1].dropped)


def test_the_number_of_rows_per_file_does_not_change_the_order(pairs, assembled, tmp_path):
    settings = assembled[2].model_copy(update={"rows_per_file": 40})
    report = assemble(pairs, tmp_path / "out", settings, ONE)
    names = sorted(f.name for f in (tmp_path / "out" / "data").glob("train-*"))
    count = report.details["files"]["train"]
    assert names == [f"train-{n:05d}-of-{count:05d}.parquet" for n in range(count)]
    assert count > 1
    assert rows_of(tmp_path / "out", "train") == rows_of(assembled[0], "train")


def test_caps_limit_the_rows_of_each_group(pairs, tmp_path):
    caps = {"criterion": 30, "cell": 11, "repository": 25, "source": 100}
    settings = AssembleSettings.build({"caps": caps, "time_cutoff": None})
    report = assemble(pairs, tmp_path / "out", settings, ONE)
    rows = rows_of(tmp_path / "out")
    assert max(Counter(row["aspect"] for row in rows).values()) <= 30
    assert max(Counter((row["aspect"], row["language"]) for row in rows).values()) == 11
    assert max(Counter(row["repos"] for row in rows).values()) <= 25
    assert max(Counter(row["source"] for row in rows).values()) <= 100
    assert {"over-repository-cap", "over-cell-cap", "over-source-cap"} <= set(report.dropped)


def test_equal_criteria_have_equally_many_rows(pairs, tmp_path):
    assemble(pairs, tmp_path / "out", AssembleSettings(equal_criteria=True, time_cutoff=None), ONE)
    counts = Counter(row["aspect"] for row in rows_of(tmp_path / "out"))
    assert len(counts) == 5
    assert len(set(counts.values())) == 1


def test_length_balance_removes_the_advantage_of_longer_responses(pairs, tmp_path):
    report = assemble(pairs, tmp_path / "out", AssembleSettings(balance_length=True, time_cutoff=None), ONE)
    assert report.details["longer_wins"]["overall"] == 0.5
    assert set(report.details["longer_wins_by_source"].values()) == {0.5}
    assert report.dropped["length-balance"] > 0


def test_train_rows_that_share_text_with_test_are_dropped(tmp_path):
    rows = pairs_of(200)
    probe = assemble(write(tmp_path / "probe", rows), tmp_path / "a", AssembleSettings(test=0.2, time_cutoff=None), ONE)
    assert "also-in-test" not in probe.dropped
    in_test = next(row for row in rows_of(tmp_path / "a", "test") if row["source"] == "commits")
    in_train = [row for row in rows_of(tmp_path / "a", "train") if row["source"] == "commits"][:3]
    by_text = {row.chosen: row for row in rows}
    changed = {
        in_train[0]["chosen"]: {"instruction": in_test["input"].upper() + "  "},
        in_train[1]["chosen"]: {"chosen": in_test["chosen"]},
        in_train[2]["chosen"]: {"rejected": in_test["chosen"]},
    }
    mixed = [dataclasses.replace(row, **changed.get(text, {})) for text, row in by_text.items()]
    report = assemble(
        write(tmp_path / "mixed", mixed), tmp_path / "b", AssembleSettings(test=0.2, time_cutoff=None), ONE
    )
    changed_ids = {row.id for text, row in by_text.items() if text in changed}
    assert report.dropped["also-in-test"] == sum(len(row.criteria) for row in rows if row.id in changed_ids)


def test_a_repeated_pair_is_kept_once(tmp_path):
    rows = pairs_of(30)
    report = assemble(write(tmp_path / "in", rows + rows), tmp_path / "out", AssembleSettings(), ONE)
    assert report.dropped["duplicate-row"] == sum(len(row.criteria) for row in rows)


def test_invalid_pairs_are_written_out(tmp_path):
    good = pairs_of(20)
    bad = [
        dataclasses.replace(good[0], id="b0", criteria=[]),
        dataclasses.replace(good[0], id="b1", criteria=["XX"]),
        dataclasses.replace(good[0], id="b2", chosen=" \n"),
        dataclasses.replace(good[0], id="b3", chosen=good[0].rejected),
        dataclasses.replace(good[0], id="b4", origin="other"),
    ]
    report = assemble(write(tmp_path / "in", good + bad), tmp_path / "out", AssembleSettings(), ONE)
    reasons = {"unknown-criterion": 2, "empty-text": 1, "equal-responses": 1, "unknown-origin": 1}
    assert {slug: report.dropped[slug] for slug in reasons} == reasons
    assert report.details["pairs_without_rows"] == 5
    assert report.kept + sum(report.dropped.values()) == report.details["rows_expanded"] + 5
    for slug, count in reasons.items():
        assert sum(1 for _ in read_rows(tmp_path / "out" / "dropped" / slug)) == count


def test_a_single_repository_goes_to_train_and_the_card_says_so(tmp_path):
    report = assemble(write(tmp_path / "in", pairs_of(20, 1)), tmp_path / "out", AssembleSettings(), ONE)
    assert report.details["splits"] == {"train": report.kept, "validation": 0, "test": 0}
    assert "one repository" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def test_a_language_of_one_split_only_is_said(tmp_path):
    rows = [
        dataclasses.replace(row, language="Go" if row.repos == "owner/repo0" else "C", criteria=["FC"])
        for row in pairs_of(120)
    ]
    settings = AssembleSettings(validation=0.2, test=0.2, time_cutoff=None)
    report = assemble(write(tmp_path / "in", rows), tmp_path / "out", settings, ONE)
    (remark,) = [text for text in report.details["remarks"] if "Only one split" in text]
    assert "the language: Go (" in remark
    assert remark in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def test_a_criterion_of_a_language_in_one_split_only_is_said(tmp_path):
    settings = AssembleSettings(validation=0, test=0.3, time_cutoff=None)
    rows = [dataclasses.replace(row, criteria=["FC", "SH"]) for row in pairs_of(200)]
    probe = assemble(write(tmp_path / "a", rows), tmp_path / "b", settings, ONE)
    assert not any("Only one split" in text for text in probe.details["remarks"])
    test = {row["repos"] for row in rows_of(tmp_path / "b", "test")}
    rows = [
        dataclasses.replace(row, criteria=["FC", "EE"]) if row.language == "Go" and row.repos not in test else row
        for row in rows
    ]
    report = assemble(write(tmp_path / "c", rows), tmp_path / "d", settings, ONE)
    of_criteria, of_cells = [text for text in report.details["remarks"] if "Only one split" in text]
    assert "the criterion: EE (train). Accuracies by criterion" in of_criteria
    assert "the criterion in the language: SH/Go (test). Accuracies by criterion" in of_cells


def test_the_card_has_the_metadata_of_the_hub(assembled):
    out, report, _ = assembled
    text = (out / "README.md").read_text(encoding="utf-8")
    _, front, body = text.split("---\n", 2)
    meta = yaml.safe_load(front)
    assert meta["license"] == ["apache-2.0", "mit"]
    files = {entry["split"]: list(out.glob(entry["path"])) for entry in meta["configs"][0]["data_files"]}
    assert set(files) == {"train", "validation", "test"}
    assert all(files.values())
    assert f"| train | {report.details['splits']['train']} |" in body
    for row in CRITERIA:
        counts = [report.details["criterion_language"].get(f"{row.short}/{name}", 0) for name in LANGUAGES]
        ordered = dict(zip(LANGUAGES, counts, strict=True))
        assert f"| {row.training_aspect} | {ordered['C']} | {ordered['Go']} | {ordered['Python']} |" in body
    assert f"{100 * report.details['longer_wins']['overall']:.1f} %" in body
    assert all(f"| {slug} | {count} |" in body for slug, count in report.dropped.items())


def test_the_datasets_library_loads_the_splits_that_the_card_names(assembled, tmp_path):
    datasets = pytest.importorskip("datasets")
    out, report, _ = assembled
    loaded = datasets.load_dataset(str(out), cache_dir=str(tmp_path))
    assert {split: len(rows) for split, rows in loaded.items()} == report.details["splits"]
    assert loaded["test"].to_list() == rows_of(out, "test")


def test_the_card_counts_licenses_and_the_largest_repositories(assembled):
    out, report, _ = assembled
    rows = rows_of(out)
    text = (out / "README.md").read_text(encoding="utf-8")
    for name in ("MIT", "Apache-2.0"):
        of_license = [row for row in rows if row["license"] == name]
        assert f"| {name} | {len(of_license)} | {len({row['repos'] for row in of_license})} |" in text
    (name, most), *_ = Counter(row["repos"] for row in rows).most_common(1)
    assert report.details["largest_repositories"][name] == most
    assert f"| {name} | {most} | {100 * most / len(rows):.1f} % |" in text


def test_rows_name_commit_and_path(tmp_path):
    rows = [dataclasses.replace(row, commit=f"c{n}") for n, row in enumerate(pairs_of(20))]
    assemble(write(tmp_path / "in", rows), tmp_path / "out", AssembleSettings(), ONE)
    origins = {(row.commit, row.file_path, row.repos, row.license) for row in rows}
    assert {
        tuple(row[n] for n in ("commit", "file_path", "repos", "license")) for row in rows_of(tmp_path / "out")
    } <= origins


def test_ties_count_half_in_the_length_baseline(assembled):
    rows = rows_of(assembled[0])
    signs = [(len(row["chosen"]) > len(row["rejected"])) - (len(row["chosen"]) < len(row["rejected"])) for row in rows]
    assert assembled[1].details["longer_wins"]["overall"] == pytest.approx(sum((s + 1) / 2 for s in signs) / len(rows))
    assert assembled[1].details["ties"] == signs.count(0) > 0


def test_no_kept_row_is_a_user_error(tmp_path):
    rows = [dataclasses.replace(row, chosen=row.rejected) for row in pairs_of(3)]
    with pytest.raises(InputError, match=r"None of the 3 pairs .* is kept.*report.json has the reasons"):
        assemble(write(tmp_path / "in", rows), tmp_path / "out", AssembleSettings(), ONE)


def test_missing_pairs_are_a_user_error(tmp_path):
    with pytest.raises(InputError, match="No table"):
        assemble(tmp_path, tmp_path / "out", AssembleSettings(), ONE)


@pytest.mark.parametrize(
    "values",
    [
        {"validation": 0.5, "test": 0.5},
        {"equal_criteria": True, "weights": {"FC": 1}},
        {"weights": {"FC": -1}},
        {"weights": {"FC": 0}},
        {"weights": {"Speed": 1}},
        {"time_cutoff": "never"},
        {"time_cutoff": "2019-03-01", "train_before": "2019-03-01"},
        {"train_before": "2019-03-01", "evaluation_from": "2019-02-01"},
        {"evaluation_before": "2021-02-01"},
        {"disjoint_repositories": False, "time_cutoff": None},
        {"caps": {"criteria": 3}},
        {"mix": PromptMix().model_dump() | {"own": 10}},
    ],
)
def test_contradictory_settings_are_rejected(values):
    with pytest.raises(SettingError):
        AssembleSettings.build(values)


def test_rows_and_card_name_windows(tmp_path):
    rows = [dataclasses.replace(row, window="3-9 -> 3-8" if n % 2 else "") for n, row in enumerate(pairs_of(20))]
    out = tmp_path / "out"
    report = assemble(write(tmp_path / "in", rows), out, AssembleSettings(), ONE)
    written = [row for file in (out / "data").iterdir() for row in read_rows(file)]
    windows = [row for row in written if row["window"]]
    assert {row["window"] for row in windows} == {"3-9 -> 3-8"}
    assert sum(report.details["windows"].values()) == len(windows) < len(written)
    assert f"Both responses of {len(windows)} rows are cut" in (out / "README.md").read_text(encoding="utf-8")
