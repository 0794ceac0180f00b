"""Training rows of variants: filters, samples and criteria prompts."""

import pytest
from tests.workflow.ablation.grids import rows as make_rows
from tests.workflow.ablation.grids import write_data

from themis_rm.dataset.preferences import DataSettings
from themis_rm.errors import SettingError
from themis_rm.prompts import built_in
from themis_rm.storage.parquet import read_rows
from themis_rm.training.splits import find_splits
from themis_rm.workflow.ablation.grid import RowSettings
from themis_rm.workflow.ablation.rows import TrainingRows, count_rows


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("data"), train=60)


def chosen(data, prompt_set="themis", **settings):
    return TrainingRows(str(data), 0.0, DataSettings(), prompt_set, RowSettings(**settings), "digest")


def written(rows, folder, split="train"):
    rows.write(folder)
    return list(read_rows(folder / "data" / f"{split}-00000-of-00001.parquet"))


def ids(rows):
    return [row["idx"] for row in rows]


def test_filters_select_criteria_and_languages_by_any_name(data, tmp_path):
    rows = chosen(data, criteria=["FC"], languages=["java"])
    found = written(rows, tmp_path / "out")
    expected = [row for row in make_rows(60, 0) if row.aspect == "Functional Correctness" and row.language == "Java"]
    assert ids(found) == [row.idx for row in expected]
    assert count_rows(rows) == len(expected)
    assert {row["language"] for row in read_rows(tmp_path / "out" / "data" / "validation-00000-of-00001.parquet")} == {
        "Java"
    }


def test_long_rows_can_be_left_out(data, tmp_path):
    rows = list(make_rows(60, 0))
    sizes = [len(row.input) + max(len(row.chosen), len(row.rejected)) for row in rows]
    limit = sorted(sizes)[20]
    found = written(chosen(data, max_characters=limit), tmp_path / "out")
    assert ids(found) == [row.idx for row, size in zip(rows, sizes, strict=True) if size <= limit]


def test_a_smaller_sample_is_part_of_a_larger_one(data, tmp_path):
    small, large = (set(ids(written(chosen(data, pairs=n), tmp_path / str(n)))) for n in (10, 25))
    assert (len(small), len(large)) == (10, 25)
    assert small < large


def test_all_rows_without_settings(data, tmp_path):
    before = [row.to_dict() for row in make_rows(60, 0)]
    assert written(chosen(data), tmp_path / "out") == before


@pytest.mark.parametrize("mode", ["none", "all", "own"])
def test_prompts_are_drawn_again(data, tmp_path, mode):
    found = written(chosen(data, prompts=mode, pairs=12), tmp_path / "out")
    assert {row["prompt_mode"] for row in found} == {mode}
    prompts = {row["system"] for row in found}
    if mode == "none":
        assert prompts == {None}
    elif mode == "own":
        assert prompts == {built_in().system("own", c) for c in _criteria()}
    else:
        assert all(criterion.asks in prompt for prompt in prompts for criterion in _criteria())


def _criteria():
    from themis_rm.criteria import criterion

    return criterion("FC"), criterion("SH")


def test_the_prompt_set_is_written_with_the_rows(data, tmp_path):
    chosen(data, pairs=4).write(tmp_path / "out")
    assert (tmp_path / "out" / "prompts.json").read_text().strip() == built_in().to_json()
    assert find_splits(tmp_path / "out", 0.0).validation


@pytest.mark.parametrize("settings", [{"pairs": 61}, {"criteria": ["EE"]}, {"languages": ["Ruby"], "pairs": 1}])
def test_too_few_rows_are_an_error(data, settings):
    with pytest.raises(SettingError, match="training rows for"):
        count_rows(chosen(data, **settings))


def test_the_key_depends_on_data_and_settings(data):
    keys = {
        chosen(data).key,
        chosen(data, pairs=4).key,
        chosen(data, prompts="none").key,
        TrainingRows(str(data), 0.0, DataSettings(), "themis", RowSettings(), "other").key,
    }
    assert len(keys) == 4
