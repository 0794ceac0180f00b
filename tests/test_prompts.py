import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.criteria import CRITERIA, PRINCIPLES, criterion
from themis_rm.errors import InputError, SettingError
from themis_rm.messages import conversation
from themis_rm.prompts import PromptMix, PromptSet, built_in
from themis_rm.records import Preference
from themis_rm.storage.parquet import write_rows


def test_the_prompt_of_one_criterion_names_it_and_the_principles_only():
    text = built_in().render([criterion("SH")])
    assert "Security hardness" in text
    assert all(p.name in text for p in PRINCIPLES)
    assert not any(c.title in text for c in CRITERIA if c.short != "SH")


def test_the_all_criteria_prompt_of_an_evaluation_has_table_order():
    text = built_in().system("all", None)
    places = [text.index(c.title) for c in CRITERIA]
    assert places == sorted(places)


def test_mode_none_has_no_system_message():
    assert built_in().system("none", None) is None
    assert [m["role"] for m in conversation(None, "q", "a")] == ["user", "assistant"]


def test_mode_own_without_a_criterion_is_refused():
    with pytest.raises(SettingError, match="own"):
        built_in().system("own", None)


@given(st.text(max_size=20), st.sampled_from(CRITERIA))
def test_a_draw_depends_only_on_its_seed(seed, own):
    assert built_in().draw(PromptMix(), own, seed) == built_in().draw(PromptMix(), own, seed)


@pytest.mark.parametrize("mix", [PromptMix(), PromptMix(none=15, all=25, own=60)])
def test_draws_follow_the_mix(mix):
    total = 4000
    modes = Counter(built_in().draw(mix, CRITERIA[0], f"7:{i}")[0] for i in range(total))
    for mode in ("none", "all", "own"):
        share = getattr(mix, mode) / 100
        # Five standard deviations of a binomial share.
        assert abs(modes[mode] / total - share) < 5 * (share * (1 - share) / total) ** 0.5


def test_all_criteria_prompts_of_training_have_many_orders():
    drawn = [built_in().draw(PromptMix(none=0, all=100, own=0), CRITERIA[0], str(i))[1] for i in range(300)]
    assert len(set(drawn)) > 90


@pytest.mark.parametrize("bad", [{"none": 50}, {"none": -5, "all": 40, "own": 65}])
def test_a_mix_that_does_not_sum_to_100_percent_is_refused(bad):
    with pytest.raises(SettingError, match="100 percent"):
        PromptMix.build(bad)


def test_a_set_is_equal_after_saving_and_loading(tmp_path):
    path = tmp_path / "prompts.json"
    path.write_text(built_in().to_json(), encoding="utf-8")
    assert PromptSet.from_file(path) == built_in()


def published_rows():
    rows = []
    for c in CRITERIA:
        rows += [{"system": f"grade {c.short} only", "aspect": c.training_aspect}] * 13
        rows += [{"system": f"grade all, order {i}", "aspect": c.training_aspect} for i in range(4)]
        rows += [{"system": None, "aspect": c.training_aspect}] * 3
    rows.append({"system": "be kind", "aspect": "Helpfulness"})
    return rows


def test_the_prompts_of_a_dataset_are_extracted():
    found = PromptSet.from_preferences("published", published_rows())
    assert dict(found.own) == {c.short: f"grade {c.short} only" for c in CRITERIA}
    assert set(found.everything) == {f"grade all, order {i}" for i in range(4)}


def test_the_prompts_of_dataset_files_are_extracted(tmp_path):
    rows = [
        Preference(
            system=row["system"],
            input="i",
            chosen="c",
            rejected="r",
            language="Go",
            aspect=row["aspect"],
            source="s",
            idx=str(number),
        )
        for number, row in enumerate(published_rows())
    ]
    write_rows(tmp_path / "data" / "train.parquet", rows, Preference.schema())
    found = PromptSet.load(tmp_path / "data")
    assert dict(found.own) == dict(PromptSet.from_preferences("data", published_rows()).own)


def test_an_extracted_set_draws_its_texts():
    found = PromptSet.from_preferences("published", published_rows())
    drawn = {found.draw(PromptMix(none=0, all=100, own=0), CRITERIA[1], str(i))[1] for i in range(60)}
    assert drawn == set(found.everything)


def test_an_extracted_set_refuses_an_unknown_selection():
    found = PromptSet.from_preferences("published", published_rows())
    with pytest.raises(SettingError, match="no prompt for FC, SH"):
        found.render([criterion("FC"), criterion("SH")])


def test_a_dataset_without_system_messages_is_refused():
    with pytest.raises(InputError, match="no row has a system message"):
        PromptSet.from_preferences("x", [{"system": None, "aspect": "Functional Correctness"}])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("frame: no list here\nitems: {FC: x}", "needs '{criteria}'"),
        ("name: x", "needs 'frame'"),
        ("fram: x", "unknown key 'fram'"),
        ("own: {FCC: x}", "Unknown criterion"),
        ("- a", "not a mapping"),
    ],
)
def test_an_invalid_prompt_file_is_an_error(tmp_path, text, message):
    path = tmp_path / "p.yaml"
    path.write_text(text)
    with pytest.raises((InputError, SettingError), match=message):
        PromptSet.from_file(path)


def test_texts_without_a_criterion_are_prompts_for_all_criteria(tmp_path):
    rows = [{"system": "Be strict."}, {"system": "Be strict.", "aspect": 3}, {"system": "Be kind.", "aspect": None}]
    found = PromptSet.from_preferences("data", [*rows, {"system": None, "aspect": "FC"}])
    assert (dict(found.own), found.everything) == ({}, ("Be strict.", "Be kind."))
    (tmp_path / "prompts.json").write_text(found.to_json(), encoding="utf-8")
    assert PromptSet.load(tmp_path / "prompts.json").everything == found.everything


def test_a_dataset_gives_the_prompts_of_its_training_rows(tmp_path):
    (tmp_path / "dropped").mkdir()
    rows = {"train": "Judge correctness.", "test": "Other.", "dropped/rows": "Dropped."}
    for name, system in rows.items():
        table = pa.table({"system": [system], "aspect": ["Functional Correctness"]})
        pq.write_table(table, tmp_path / f"{name}.parquet")
    found = PromptSet.load(tmp_path)
    assert (dict(found.own), found.everything) == ({"FC": "Judge correctness."}, ())


def test_the_built_in_set_has_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert PromptSet.load(Path("themis")) == built_in()


def test_a_file_with_the_name_of_the_built_in_set_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("themis").write_text("{}")
    with pytest.raises(InputError):
        PromptSet.load(Path("themis"))


def test_a_name_of_the_hub_is_answered_with_how_to_download_it():
    with pytest.raises(InputError, match="hf download --repo-type dataset owner/data") as caught:
        PromptSet.load(Path("owner/data"))
    assert "no file or directory owner/data" in str(caught.value)


def test_criteria_that_are_numbers_without_names_are_refused(tmp_path):
    pq.write_table(pa.table({"system": ["Judge it."], "aspect": [3]}), tmp_path / "x.parquet")
    with pytest.raises(InputError, match="column aspect has type int64, not string"):
        PromptSet.load(tmp_path / "x.parquet")


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json", "rows.csv"])
def test_the_prompts_of_a_dataset_in_text_files_are_extracted(tmp_path, name):
    rows = [dict(row) for row in published_rows()]
    texts = {
        "rows.jsonl": "".join(json.dumps(row) + "\n" for row in rows),
        "rows.json": json.dumps(rows),
        "rows.csv": "system,aspect\n" + "".join(f'"{row["system"] or ""}",{row["aspect"]}\n' for row in rows),
    }
    (tmp_path / name).write_text(texts[name])
    assert dict(PromptSet.load(tmp_path / name).own) == {c.short: f"grade {c.short} only" for c in CRITERIA}
