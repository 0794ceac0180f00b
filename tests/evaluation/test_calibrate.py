"""``calibrate``: which pairs are used, what is written, and that a resumed run gives the same result."""

import json
import shutil

import pytest
from tests.command_line import cli, error_line

import themis_rm
from themis_rm.errors import InputError, SettingError
from themis_rm.evaluation import evaluate as evaluation
from themis_rm.evaluation.calibrate import CalibrateSettings, calibrate
from themis_rm.models.calibration import Calibration
from themis_rm.records import BenchmarkPair
from themis_rm.storage.parquet import write_rows

ASPECTS = ["Functional_Correctness", "Security_Hardness"]
FAST = {"n_resamples": 20, "prompts": ["own", "none"]}


def write_pairs(path, n=40, **changes):
    """Write pairs of which the longer response is preferred three times of four."""
    rows = []
    for number in range(n):
        long, short = "x = 1\n" * (3 + number % 5), "y = 2\n"
        chosen, rejected = (short, long) if number % 4 == 0 else (long, short)
        values = {"id": str(number), "prompt": f"Set x {number // 2}.", "chosen": chosen, "rejected": rejected}
        values |= {"aspect": ASPECTS[number % 2], "language": "Python", "subset": "s"}
        rows.append(BenchmarkPair(**values | changes))
    write_rows(path, rows, BenchmarkPair.schema())
    return path


@pytest.fixture
def pairs(tmp_path):
    return write_pairs(tmp_path / "pairs.parquet")


def test_a_curve_per_criterion_and_one_without_prompt(pairs, tmp_path):
    found = themis_rm.calibrate("length", pairs, tmp_path / "out", **FAST)
    assert {label: curve.pairs for label, curve in found.curves.items()} == {"FC": 20, "SH": 20, "none": 40}
    assert found.curves["none"].slope.value > 0
    assert set(found.fits) == {"own", "none", "FC", "SH"}
    assert Calibration.load(tmp_path / "out/calibration.json") == found
    assert "<svg" in (tmp_path / "out/calibration.html").read_text()


def test_pairs_of_one_prompt_are_one_cluster(pairs, tmp_path):
    source = themis_rm.calibrate("length", pairs, tmp_path / "out", **FAST).source
    assert (source.read, source.pairs, source.clusters) == (40, 40, 20)


def test_pairs_of_an_unknown_criterion_are_only_in_the_curves_without_one(tmp_path):
    data = write_pairs(tmp_path / "pairs.parquet", aspect="Taste")
    with pytest.raises(InputError, match="prompts 'own' has 0 usable pairs"):
        themis_rm.calibrate("length", data, tmp_path / "out", **FAST)
    assert set(themis_rm.calibrate("length", data, tmp_path / "none", prompts=["none"]).curves) == {"none"}


def test_too_few_pairs_are_refused_before_the_model_is_loaded(tmp_path, monkeypatch):
    data = write_pairs(tmp_path / "pairs.parquet", n=19)
    line = error_line(cli("calibrate", "no/model", "--pairs", data, "--out", tmp_path / "out"))
    assert "19 usable pairs" in line


def test_a_model_without_a_directory_needs_an_output_directory(pairs):
    with pytest.raises(SettingError, match="--out DIR"):
        calibrate("length", pairs)


def test_the_calibration_of_a_directory_is_written_into_it_and_changes_no_digest(pairs, tiny_checkpoint, tmp_path):
    folder = shutil.copytree(tiny_checkpoint("qwen3"), tmp_path / "model")
    before = themis_rm.load(folder).identity.digest
    completed = cli("calibrate", folder, "--pairs", pairs, "-s", "prompts=[none]", "-s", "n_resamples=5")
    assert completed.returncode == 0, completed.stderr
    assert (folder / "calibration.json").is_file()
    assert (folder / "calibration/calibration.html").is_file()
    scorer = themis_rm.load(folder)
    assert scorer.identity.digest == before
    assert set(scorer.score("Set x.", "x = 1", "none").probabilities) == {"none"}


def test_an_interrupted_run_resumes_with_the_same_result(pairs, tmp_path, monkeypatch):
    settings = CalibrateSettings(prompts=("none", "own"), n_resamples=20)
    expected = calibrate("length", pairs, tmp_path / "whole", settings)
    score, calls = evaluation.score_pairs, []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return score(*arguments)

    monkeypatch.setattr(evaluation, "score_pairs", interrupted)
    with pytest.raises(KeyboardInterrupt):
        calibrate("length", pairs, tmp_path / "out", settings)
    assert not (tmp_path / "out/calibration.json").exists()
    assert calibrate("length", pairs, tmp_path / "out", settings) == expected
    assert len(calls) == 3


def test_other_pairs_replace_a_calibration(pairs, tmp_path):
    themis_rm.calibrate("length", pairs, tmp_path / "out", **FAST)
    other = write_pairs(tmp_path / "other.parquet", n=30)
    assert themis_rm.calibrate("length", other, tmp_path / "out", **FAST).source.pairs == 30


def test_the_command_prints_both_tables_and_the_files(pairs, tmp_path):
    arguments = ["calibrate", "length", "--pairs", pairs, "--out", tmp_path / "out", "-s", "n_resamples=5"]
    text = cli(*arguments).stdout
    assert "sigmoid(slope * (reward of a - reward of b))" in text
    assert "from its reward alone" in text
    assert text.splitlines()[0] == "length, 40 pairs of pairs.parquet in 20 tasks"
    assert str(tmp_path / "out/calibration.json") in text
    assert json.loads(cli(*arguments, "--json").stdout) == json.loads((tmp_path / "out/calibration.json").read_text())
