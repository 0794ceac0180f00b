import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dataset.adapters.test_formats import ROWS

from themis_rm.dataset import hub_files
from themis_rm.dataset.convert import convert
from themis_rm.dataset.preferences import PreferenceReader, PreferenceSettings
from themis_rm.errors import InputError
from themis_rm.records import Preference
from themis_rm.storage.parquet import read_rows, write_rows

ROW = {"prompt": "Add.", "chosen": "a + b", "rejected": "a - b"}


def write(path: Path, *rows: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_the_report_has_the_format_and_the_reasons(tmp_path: Path) -> None:
    data = write(tmp_path / "x.jsonl", ROW, {**ROW, "chosen": None}, {**ROW, "margin": 0}, {**ROW, "chosen": "a - b"})
    report = convert(data, tmp_path / "out")
    assert report.details["format"] == "explicit"
    assert (report.read, report.kept) == (4, 1)
    assert report.dropped == {"identical-responses": 1, "missing-chosen": 1, "tie": 1}
    rejected = [json.loads(line) for line in (tmp_path / "out/rejected.jsonl").read_text().splitlines()]
    assert [(row["reason"], row["where"]) for row in rejected] == [
        ("missing-chosen", "x.jsonl:2"),
        ("tie", "x.jsonl:3"),
        ("identical-responses", "x.jsonl:4"),
    ]


def test_splits_are_kept(tmp_path: Path) -> None:
    write(tmp_path / "in/train.jsonl", ROW)
    write(tmp_path / "in/test.jsonl", ROW, {**ROW, "prompt": "Sum."})
    assert convert(tmp_path / "in", tmp_path / "out").details["splits"] == {"train": 1, "test": 2}
    assert [row["input"] for row in read_rows(tmp_path / "out/data/test.parquet")] == ["Add.", "Sum."]


def test_data_without_a_usable_row_is_an_error(tmp_path: Path) -> None:
    data = write(tmp_path / "x.jsonl", {**ROW, "margin": 0})
    with pytest.raises(InputError, match=r"no usable row .*tie"):
        convert(data, tmp_path / "out")


def test_ties_can_be_kept(tmp_path: Path) -> None:
    convert(write(tmp_path / "x.jsonl", {**ROW, "margin": 0}), tmp_path / "out", PreferenceSettings(ties="keep"))
    assert [row["tie"] for row in read_rows(tmp_path / "out/data/train.parquet")] == [True]


def test_a_hub_name_without_a_network_is_answered_with_the_way_to_give_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")

    def offline(*_: Any, **__: Any) -> None:
        raise ConnectionError("no network")

    monkeypatch.setattr(datasets, "get_dataset_config_names", offline)
    monkeypatch.setattr(hub_files, "_cached_snapshot", lambda _: None)
    with pytest.raises(InputError, match="Cannot load the dataset owner/pairs") as caught:
        convert("owner/pairs", tmp_path / "out")
    assert "give the path of its files" in caught.value.hint


TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@pytest.mark.parametrize("name", ROWS)
@settings(max_examples=10, deadline=None)
@given(texts=st.fixed_dictionaries({}, optional=dict.fromkeys(("system", "language", "aspect", "repos"), TEXT)))
def test_a_row_of_any_format_is_equal_after_parquet(
    tmp_path_factory: pytest.TempPathFactory, name: str, texts: dict[str, str]
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    data = write(folder / "x.jsonl", {**texts, **ROWS[name]})
    rows = list(PreferenceReader([data]).preferences())
    assert rows
    write_rows(folder / "out.parquet", rows, Preference.schema())
    assert list(PreferenceReader([folder / "out.parquet"]).preferences()) == rows
