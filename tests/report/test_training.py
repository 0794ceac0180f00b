"""The page of a training run."""

import json
import re
from pathlib import Path

import pytest
from tests.report.pages import unclosed_elements

from themis_rm.errors import InputError
from themis_rm.report.training import render_training, write_training_page
from themis_rm.training.monitoring import TrainingWarning
from themis_rm.training.report import LOG_FILE, TrainReport
from themis_rm.training.token_cache import TokenizationCounts

METRICS = {"accuracy": 0.75, "low": 0.6, "high": 0.9, "strict_accuracy": 0.7, "tie_rate": 0.1, "margin": 1.5}
METRICS |= {"bradley_terry": 0.4, "n": 20}


def report(**changes):
    values = {
        "checkpoint": Path("model"),
        "steps": 40,
        "data_hash": "abc",
        "parameters": 1000,
        "train": TokenizationCounts(read=100, kept=90, truncated=3, dropped={"too-long": 10}),
        "validation": TokenizationCounts(read=20, kept=20),
        "metrics": {"validation": METRICS, "train": METRICS},
        "by_criterion": {"validation": {"Security <Hardness>": METRICS}, "train": {}},
        "by_language": {"validation": {"C": {"n": 0, "failed": 2}}},
        "seconds": 1.0,
        "tokens_per_second": 10.0,
    }
    return TrainReport(**{**values, **changes})


def log(folder):
    lines = [
        {"step": s, "split": "train", "loss": 1.0, "bradley_terry": 0.7 - s / 100, "hinge": 1.0, "accuracy": 0.5}
        | {"reward_chosen": s / 10, "reward_rejected": 0.0, "margin": s / 10, "grad_norm": 1.0, "learning_rate": 1e-5}
        for s in range(1, 41)
    ]
    lines.append({"step": 40, "split": "validation", **METRICS, "by_criterion": {"FC": METRICS}})
    lines.append({"step": 40, "split": "warning", "name": "loss-stuck", "message": "m"})
    file = folder / LOG_FILE
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return file


def titles(page):
    return re.findall(r'<text class="title"[^>]*>([^<]*)</text>', page)


def test_losses_margin_and_accuracy_are_drawn(tmp_path):
    page = render_training(report(), log(tmp_path))
    assert titles(page)[:4] == ["Preference loss", "hinge", "Pair accuracy", "Margin (chosen minus rejected)"]
    assert titles(page)[4:] == ["Mean reward", "Gradient norm before clipping", "Learning rate"]


def test_the_page_is_valid_and_self_contained(tmp_path):
    page = render_training(report(), log(tmp_path))
    assert unclosed_elements(page) == []
    assert not re.findall(r"(?:src|href)\s*=|url\(|@import|<script", page)
    assert "Security &lt;Hardness&gt;" in page


def test_warnings_are_listed(tmp_path):
    warnings = [TrainingWarning(name="loss-stuck", step=7, message="raise <it>")]
    page = render_training(report(warnings=warnings), tmp_path / "none.jsonl")
    assert "<strong>loss-stuck</strong>, step 7: raise &lt;it&gt;" in page


def test_a_run_without_validation_pairs_or_log_has_a_page(tmp_path):
    values = {"metrics": {"validation": {"n": 0}, "train": METRICS}, "by_criterion": {}, "by_language": {}}
    page = render_training(report(**values), tmp_path / "none.jsonl")
    assert titles(page) == []
    assert "<td>–</td>" in page


def test_a_report_of_an_earlier_version_has_a_page(tmp_path):
    old = {key: value for key, value in METRICS.items() if key not in {"low", "high"}}
    page = render_training(report(metrics={"validation": old}, by_criterion={}, by_language={}), tmp_path / "none")
    assert "75.0" in page


def test_the_page_is_written_next_to_the_report(tmp_path):
    report().save(tmp_path / "training_report.json")
    assert write_training_page(tmp_path).name == "training_report.html"
    with pytest.raises(InputError):
        write_training_page(tmp_path / "missing")
