"""Classifiers with several labels, and token classifiers read at the last token."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from themis_rm.errors import CheckpointError
from themis_rm.messages import conversation
from themis_rm.models.labels import label_names
from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import built_in
from themis_rm.serve.requests import Request
from themis_rm.serve.scorer import Scorer
from themis_rm.serve.stream import score_to_file

ROWS = [[(index + 3 * position) % 1000 + 3 for position in range(n)] for index, n in enumerate((5, 40, 1))]
NAMES = [f"attribute-{chr(97 + number)}" for number in range(26)]


def change_config(folder, **values):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | values), encoding="utf-8")


@pytest.fixture
def folder(tiny_checkpoint, tmp_path):
    """Return a checkpoint with 26 labels."""
    path = shutil.copytree(tiny_checkpoint("qwen3"), tmp_path / "model")
    weights = load_file(path / "model.safetensors")
    weights["score.weight"] = 0.1 * torch.randn(26, 32, generator=torch.Generator().manual_seed(0))
    save_file(weights, path / "model.safetensors", metadata={"format": "pt"})
    change_config(path, id2label=dict(enumerate(NAMES)), label2id={name: n for n, name in enumerate(NAMES)})
    return path


def logits(folder):
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        return [model(input_ids=torch.tensor([row])).logits[0].tolist() for row in ROWS]


def rewards(folder, **settings):
    return load_model(folder, ModelSettings(**settings)).rewards(ROWS)


def test_a_label_by_name_or_number_is_the_logit_of_transformers(folder):
    expected = [row[17] for row in logits(folder)]
    assert rewards(folder, label="attribute-r") == pytest.approx(expected, abs=2e-6)
    assert rewards(folder, label=17) == rewards(folder, label="attribute-r")


def test_a_weighted_sum_of_labels(folder):
    weights = {"attribute-a": 0.5, "3": -2.0}
    expected = [0.5 * row[0] - 2.0 * row[3] for row in logits(folder)]
    assert rewards(folder, label_weights=weights) == pytest.approx(expected, abs=2e-6)
    facts = load_model(folder, ModelSettings(label_weights=weights)).identity.facts
    assert facts["reward"] == "0.5 * attribute-a + -2 * attribute-d"


def test_labels_are_listed_if_none_is_chosen(folder):
    with pytest.raises(CheckpointError, match=r"26 labels \(attribute-a, .*attribute-z\).*model\.label"):
        load_model(folder)


@pytest.mark.parametrize("label", ["attribute-zz", "26", "-1", "1.5"])
def test_a_label_that_does_not_exist(folder, label):
    with pytest.raises(CheckpointError, match=f"no label '{label}'"):
        load_model(folder, ModelSettings(label=label))
    with pytest.raises(CheckpointError, match=f"no label '{label}'"):
        load_model(folder, ModelSettings(label_weights={label: 1.0}))


def test_an_error_lists_at_most_a_hundred_labels(folder):
    weights = load_file(folder / "model.safetensors")
    save_file(weights | {"score.weight": torch.ones(300, 32)}, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match="LABEL_99, and 200 more"):
        load_model(folder)


def test_one_label_and_weights_exclude_each_other():
    with pytest.raises(ValueError, match="not both"):
        ModelSettings(label="a", label_weights={"a": 1.0})


@pytest.mark.parametrize("name", ["scored.jsonl", "scored.parquet"])
def test_all_labels_are_columns_of_scores(folder, name, tmp_path):
    scorer = Scorer(load_model(folder, ModelSettings(label="attribute-c")), built_in())
    talks = [conversation(None, "Add.", "a + b"), conversation(None, "Add.", "")]
    broken = [*talks[:1], [{"role": "user", "content": "Add."}]]
    requests = [Request(str(line), line, messages, ("none",)) for line, messages in enumerate(broken, 1)]
    score_to_file(scorer, requests, tmp_path / name, settings_of_scores())
    first, second = read_rows(tmp_path / name)
    assert [key for key in first if key.startswith("label_")] == [f"label_{label}" for label in NAMES]
    assert first["label_attribute-c"] == first["score"]
    assert len({value for key, value in first.items() if key.startswith("label_")}) == 26
    assert second["failure"] == "no-response"
    assert second["label_attribute-c"] is None


def settings_of_scores():
    from themis_rm.serve.requests import ScoreSettings

    return ScoreSettings()


def read_rows(path):
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return pq.read_table(path).to_pylist()
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_job_with_labels_resumes(folder, tmp_path):
    scorer = Scorer(load_model(folder, ModelSettings(label=0)), built_in())
    talk = conversation(None, "Add.", "a + b")
    requests = [Request(str(line), line, talk, ("none",)) for line in range(1, 5)]
    out = tmp_path / "scored.jsonl"
    settings = settings_of_scores().model_copy(update={"chunk_size": 2})
    score_to_file(scorer, requests, out, settings)
    complete = out.read_bytes()
    out.write_bytes(b"".join(complete.splitlines(keepends=True)[:3]))
    summary = score_to_file(scorer, requests, out, settings, resume=True)
    assert (out.read_bytes(), summary.skipped) == (complete, 2)


def test_windows_of_a_long_answer_have_the_mean_of_each_label(folder):
    settings = {"label": "attribute-b", "max_length": 60}
    talk = conversation(None, "Add.", "value = value + 1\n" * 20)
    mean = load_model(folder, ModelSettings(**settings, long_inputs="windows-mean")).score([talk])[0]
    lowest = load_model(folder, ModelSettings(**settings, long_inputs="windows-min")).score([talk])[0]
    assert mean.windows == lowest.windows > 1
    assert mean.labels["attribute-b"] == pytest.approx(mean.reward, abs=1e-6)
    assert lowest.labels["attribute-b"] == lowest.reward < mean.reward


def test_the_activation_of_the_problem_is_said_and_not_applied(folder):
    change_config(folder, problem_type="multi_label_classification")
    model = load_model(folder, ModelSettings(label=1))
    assert "sigmoid not applied" in str(model.identity.facts["problem_type"])
    assert model.rewards(ROWS) == pytest.approx([row[1] for row in logits(folder)], abs=2e-6)


def test_a_head_of_several_labels_under_another_name(folder):
    expected = rewards(folder, label=5)
    weights = load_file(folder / "model.safetensors")
    weights["classifier.weight"] = weights.pop("score.weight")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    change_config(folder, architectures=["RewardModel"])
    assert rewards(folder, label=5) == expected


def test_one_label_needs_no_choice_and_has_no_columns(tiny_checkpoint):
    model = load_model(tiny_checkpoint("qwen3"), ModelSettings(label="LABEL_0"))
    assert model.identity.labels == ()
    assert model.score([conversation(None, "Add.", "a + b")])[0].labels == {}
    with pytest.raises(CheckpointError, match="no label 'helpful'"):
        load_model(tiny_checkpoint("qwen3"), ModelSettings(label="helpful"))


@pytest.mark.parametrize(
    "named", [None, [], {"0": "a"}, {"0": "a", "1": "a"}, {"0": "a", "1": 5}, {"0": "a", "1": "b", "2": "c"}]
)
def test_names_that_do_not_fit_the_outputs_are_numbered(named):
    assert label_names({"id2label": named}, 2) == ("LABEL_0", "LABEL_1")


@pytest.mark.parametrize(("labels", "settings"), [(1, {}), (2, {"label": "good"})])
def test_a_token_classifier_is_read_at_the_last_token(tiny_checkpoint, tmp_path, labels, settings):
    from transformers import AutoConfig, AutoModelForTokenClassification

    base = tiny_checkpoint("qwen3")
    names = dict(enumerate(["bad", "good"][:labels]))
    config = AutoConfig.from_pretrained(base, num_labels=labels, id2label=names)
    torch.manual_seed(1)
    model = AutoModelForTokenClassification.from_config(config, dtype=torch.float32).eval()
    with torch.no_grad():
        model.score.bias.fill_(0.25)
        expected = [float(model(input_ids=torch.tensor([row])).logits[0, -1, -1]) for row in ROWS]
    model.save_pretrained(tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(base / name, tmp_path / name)
    loaded = load_model(tmp_path, ModelSettings(**settings))
    assert loaded.identity.family == "token-classification"
    assert loaded.rewards(ROWS) == pytest.approx(expected, abs=1e-6)
