"""The published mixtures as recipes: sources under their names, limits by source, general rows and efficiency pairs."""

import dataclasses
import json
from collections import Counter

import pytest
from tests.dataset.test_assemble import ONE, pairs_of, rows_of, write

from themis_rm.dataset.assemble import assemble
from themis_rm.dataset.convert import convert
from themis_rm.dataset.preferences import PreferenceSettings
from themis_rm.dataset.settings import AssembleSettings
from themis_rm.errors import SettingError
from themis_rm.prompts import PromptMix, PromptSet, built_in
from themis_rm.settings.recipes import recipe_names

LATE = 1_560_000_000  # June 2019


def rows_file(file, count, **values):
    rows = [
        {"prompt": f"{file.stem} request {n}", "chosen": f"good {n}", "rejected": f"bad {n} text"} | values
        for n in range(count)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    rows = pairs_of(200)
    timed = [
        dataclasses.replace(
            row, unix_time=LATE + n if row.repos in {"owner/repo1", "owner/repo2"} else 1_500_000_000 + n
        )
        for n, row in enumerate(rows)
    ]
    convert(write(folder / "curated", timed), folder / "parts" / "commits")
    security = rows_file(folder / "prosec.jsonl", 40, aspect="SH", language="C")
    convert(security, folder / "parts" / "prosec", PreferenceSettings(source_name="prosec"))
    contest = rows_file(folder / "venus.jsonl", 30, language="C++", chosen_runtime=1, rejected_runtime=6)
    convert(contest, folder / "parts" / "venus", PreferenceSettings(source_name="venus"))
    return folder / "parts"


@pytest.mark.parametrize("name", recipe_names("assemble"))
def test_every_mixture_is_valid_and_found_by_its_name(name):
    assert AssembleSettings.load(name) == AssembleSettings.load(recipe_names("assemble")[name])


def test_an_unknown_mixture_is_answered_with_the_closest():
    with pytest.raises(SettingError, match="Unknown mixture 'codes'"):
        AssembleSettings.load("codes")


def test_the_sizes_of_the_mixtures_are_the_published_ones():
    sizes = {name: sum(AssembleSettings.load(name).caps.sources.values()) for name in ("code", "general")}
    assert sizes == {"code": 354_010, "general": 110_717}


def test_the_code_mixture_takes_sources_from_one_directory(parts, tmp_path):
    out = tmp_path / "out"
    report = assemble(parts, out, AssembleSettings.load("code", ["test=0.1", "caps.sources.prosec=25"]), ONE)
    rows = rows_of(out)
    counts = Counter(row["source"] for row in rows)
    assert counts["prosec"] == 25
    assert counts["venus"] == 30
    assert counts["commits"] > 50
    assert report.dropped["over-source-cap"] == 15
    assert {row["aspect"] for row in rows if row["source"] == "venus"} == {"Runtime Efficiency"}
    of_split = {split: [r for r in rows_of(out, split) if r["source"] == "commits"] for split in ("train", "test")}
    assert max(row["unix_time"] for row in of_split["train"]) < 1551398400
    assert min(row["unix_time"] for row in of_split["test"]) >= 1559347200
    assert {row["file_path"] != "" for row in rows if row["source"] == "commits"} == {True}
    assert {row["license"] for row in rows if row["source"] == "commits"} == {"MIT", "Apache-2.0"}


def test_the_commit_mixture_limits_the_share_of_one_criterion(tmp_path):
    readability = [dataclasses.replace(row, criteria=["R&M"], origin="commit") for row in pairs_of(300)]
    rest = [
        dataclasses.replace(
            row,
            id=f"x{row.id}",
            instruction=f"x{row.instruction}",
            chosen=f"x{row.chosen}",
            rejected=f"x{row.rejected}",
            criteria=["SH"] if n % 2 else ["FC"],
        )
        for n, row in enumerate(pairs_of(200, seed=1))
    ]
    settings = AssembleSettings.load("commits", ["train_before=null", "evaluation_from=null", "evaluation_before=null"])
    settings = settings.model_copy(update={"time_cutoff": None})
    assemble(write(tmp_path / "in", readability + rest), tmp_path / "out", settings, ONE)
    shares = Counter(row["aspect"] for row in rows_of(tmp_path / "out"))
    assert max(shares.values()) / shares.total() == pytest.approx(0.5, abs=0.01)
    assert shares["Functional Correctness"] == shares["Security Hardness"] == 100


@pytest.fixture(scope="module")
def general(tmp_path_factory):
    folder = tmp_path_factory.mktemp("general")
    for name, count, values in (
        ("chat", 60, {"aspect": "Helpfulness", "language": "NL"}),
        ("safe", 20, {"aspect": "Harmlessness"}),
        ("code", 30, {"aspect": "FC", "language": "Python"}),
    ):
        convert(
            rows_file(folder / f"{name}.jsonl", count, **values),
            folder / "parts" / name,
            PreferenceSettings(source_name=name),
        )
    return folder / "parts"


def test_the_general_mixture_keeps_rows_of_principles_with_their_prompts(general, tmp_path):
    report = assemble(general, tmp_path / "out", AssembleSettings.load("general"), ONE)
    rows = rows_of(tmp_path / "out")
    assert Counter(row["aspect"] for row in rows) == {
        "Helpfulness": 60,
        "Harmlessness": 20,
        "Functional Correctness": 30,
    }
    own = {row["system"] for row in rows if row["prompt_mode"] == "own" and row["source"] != "code"}
    assert own == {built_in().principles()}
    assert "| Helpfulness |" in (tmp_path / "out" / "README.md").read_text()
    assert report.details["criterion"]["Harmlessness"] == 20


def test_rows_that_are_not_about_code_are_limited_to_a_share(general, tmp_path):
    settings = AssembleSettings.load("general", ["caps.general_share=0.25"])
    report = assemble(general, tmp_path / "out", settings, ONE)
    counts = Counter(row["language"] for row in rows_of(tmp_path / "out"))
    assert counts["Python"] == 30
    assert counts["NL"] + counts[""] == 10
    assert report.dropped["over-general-share"] == 70


def test_equal_languages_have_equally_many_rows(tmp_path):
    settings = AssembleSettings(equal_languages=True, time_cutoff=None)
    assemble(write(tmp_path / "in", pairs_of(200)), tmp_path / "out", settings, ONE)
    counts = Counter(row["language"] for row in rows_of(tmp_path / "out"))
    assert len(counts) == 3
    assert len(set(counts.values())) == 1


def test_a_prompt_set_without_principles_is_named_when_a_row_needs_them(general, tmp_path):
    file = tmp_path / "fixed.json"
    fixed = PromptSet("fixed", own={c: c for c in ("FC", "EE", "ME", "R&M", "SH")}, everything=("all",))
    file.write_text(fixed.to_json())
    mix = PromptMix(none=0, all=0, own=100)
    settings = AssembleSettings.load("general").model_copy(update={"prompt_file": file, "mix": mix})
    with pytest.raises(SettingError, match=r"'fixed' has no prompt for rows of general principles"):
        assemble(general, tmp_path / "out", settings, ONE)


@pytest.mark.parametrize(
    "values",
    [
        {"equal_languages": True, "equal_criteria": True},
        {"caps": {"sources": {"commits": -1}}},
        {"caps": {"criterion_share": 0}},
        {"min_efficiency_ratio": 0.5},
    ],
)
def test_contradictory_mixtures_are_rejected(values):
    with pytest.raises(SettingError):
        AssembleSettings.build(values)
