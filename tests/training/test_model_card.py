"""The model card of a training run: what it says for each kind of export, and that its code runs."""

import json
import re
import subprocess
import sys

import pytest
import yaml
from tests.training import pairs
from transformers import AutoModelForCausalLM, AutoTokenizer

from themis_rm.training.runner import train


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    out = tmp_path_factory.mktemp("full")
    return out, train(pairs.recipe(), pairs.write(tmp_path_factory.mktemp("data")), out / "run")


@pytest.fixture(scope="module")
def base(full, tmp_path_factory):
    folder = tmp_path_factory.mktemp("base") / "tiny-base"
    checkpoint = full[1].checkpoint
    AutoModelForCausalLM.from_pretrained(checkpoint).save_pretrained(folder)
    AutoTokenizer.from_pretrained(checkpoint).save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Base\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module", params=[True, False], ids=["merged", "adapter"])
def lora(request, base, tmp_path_factory):
    data = pairs.write(tmp_path_factory.mktemp("data"))
    recipe = {"backbone": {"path": str(base)}, "tokenizer": {}, "peft": {"r": 2, "merge": request.param}}
    return request.param, train(pairs.recipe(**recipe, max_steps=2), data, tmp_path_factory.mktemp("out"))


def card_of(report):
    return (report.checkpoint / "README.md").read_text(encoding="utf-8")


def front_matter(text):
    return yaml.safe_load(text.split("---\n")[1])


def run_example(text, folder):
    """Run the transformers example of a card in a process of its own; return what it prints and what it imports."""
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1].replace("path/to/model", str(folder))
    code += "\nimport sys\nprint('themis_rm' in sys.modules)\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)
    *_, reward, imported = done.stdout.split()
    return float(reward), imported


def test_the_example_gives_the_reward_of_scoring(full):
    from themis_rm.messages import conversation
    from themis_rm.models.loading import load_model

    checkpoint = full[1].checkpoint
    (score,) = load_model(checkpoint).score([conversation(None, "Write f.", "def f():\n    return 1")])
    reward, imported = run_example(card_of(full[1]), checkpoint)
    assert reward == pytest.approx(score.reward, abs=1e-5)
    assert imported == "False"


def test_the_example_loads_merged_models_and_adapters(lora):
    run_example(card_of(lora[1]), lora[1].checkpoint)


def test_the_metadata_has_the_measured_accuracies(full):
    from huggingface_hub.repocard_data import model_index_to_eval_results

    _, report = full
    data = front_matter(card_of(report))
    assert data["library_name"] == "transformers"
    assert "license" not in data
    _, results = model_index_to_eval_results(data["model-index"])
    metrics = report.metrics["validation"]
    assert results[0].metric_value == round(100 * metrics["accuracy"], 2)
    assert results[0].metric_args["interval"] == [round(100 * metrics["low"], 2), round(100 * metrics["high"], 2)]
    assert {result.dataset_config for result in results} == {"all", *report.by_criterion["validation"]}


def test_the_card_has_data_recipe_and_results(full):
    _, report = full
    text = card_of(report)
    for expected in (
        report.data_hash,
        "| train | 60 | 60 |",
        "| Functional Correctness | 60 | 20 |",
        "| loss | 1 bradley_terry + 0.001 center_rewards + 0.25 lm |",
        "| steps | 12 |",
        "| pairs | n | this model | strict | length | ngrams |",
        f"none more than {report.length_percentiles[100]}",
    ):
        assert expected in text


def test_baselines_are_measured_on_the_pairs_of_the_model(full):
    # All rejected responses of these pairs are longer: 'return None' in place of 'return x'.
    _, report = full
    assert report.baselines["length"]["accuracy"] == 0.0
    assert {metrics["n"] for metrics in report.baselines.values()} == {report.metrics["validation"]["n"]}
    assert report.baselines_by_criterion["length"].keys() == report.by_criterion["validation"].keys()


def test_a_card_of_lora_names_its_base(lora, base):
    merge, report = lora
    text = card_of(report)
    assert f"| base | {base.name} |" in text
    assert f"| SHA-256 of the base's weights | {report.base.weights_digest} |" in text
    assert "| license that the base states | apache-2.0 |" in text
    assert str(base) not in text
    assert front_matter(text)["library_name"] == ("transformers" if merge else "peft")
    assert ("vllm serve" in text) == merge


def test_without_validation_pairs_no_accuracy_is_named(tmp_path):
    data = pairs.write(tmp_path / "data", validation=0)
    report = train(pairs.recipe(max_steps=1, validation_fraction=0.0), data, tmp_path / "out")
    text = card_of(report)
    assert "no accuracy was measured" in text
    assert "model-index" not in front_matter(text)
    assert report.baselines == {}


def test_a_mean_over_the_response_has_no_example_that_cannot_read_it(tmp_path):
    report = train(pairs.recipe(max_steps=1, pooling="mean"), pairs.write(tmp_path / "data"), tmp_path / "out")
    text = card_of(report)
    assert front_matter(text)["library_name"] == "themis-rm"
    assert "AutoModelForSequenceClassification" not in text
    assert "vllm" not in text


def test_names_cannot_become_markup(tmp_path):
    data = pairs.write(tmp_path / "a|b [x](y) `c`", validation=2)
    (data / "README.md").write_text("---\nlicense: [mit, 'x|y\\n# z', 3]\n---\n", encoding="utf-8")
    details = {"decontamination": [{"benchmark": "a|b"}, {"benchmark": 1}, None]}
    (data / "report.json").write_text(json.dumps({"details": details}), encoding="utf-8")
    name = "n|a`m\n# e <script> --- : {}"
    report = train(pairs.recipe(run_name=name, max_steps=1), data, tmp_path / "out")
    text = card_of(report)
    assert front_matter(text)["model-index"][0]["name"] == name
    assert "\n# n\\|a\\`m # e &lt;script> --- : {}\n" in text
    assert "| dataset | a\\|b \\[x\\](y) \\`c\\` |" in text
    assert "compared with a\\|b;" in text
    assert "# z" not in text.split("\n# ", 1)[1].splitlines()


@pytest.mark.parametrize("text", ["", "---\n", "---\n: [\n---\n", "---\n- a\n---\n", "---\nlicense: {a: b}\n---\n"])
def test_a_card_without_a_license_has_none(tmp_path, text):
    from themis_rm.training.card_metadata import describe_dataset

    (tmp_path / "README.md").write_text(text, encoding="utf-8")
    (tmp_path / "report.json").write_text(text, encoding="utf-8")
    record = describe_dataset(tmp_path)
    assert (record.licenses, record.compared_with) == ((), None)


def test_a_dataset_of_the_hub_is_named_by_its_id():
    from themis_rm.training.card_metadata import describe_dataset

    assert describe_dataset("owner/pairs").hub_id == "owner/pairs"
