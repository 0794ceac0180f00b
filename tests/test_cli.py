"""The command line as a stranger meets it: one clear line and exit code 2 for what the user can mend."""

import json
import subprocess
import sys

import pytest

from themis_rm.records import BenchmarkPair
from themis_rm.storage.parquet import write_rows

VERBS = ["mine", "curate", "assemble", "train", "evaluate", "rerank-eval", "adversarial", "leaderboard", "hand-over"]
VERBS += ["score", "run"]
VERBS += [f"benchmark {verb}" for verb in ("sources", "compile", "verify", "audit", "card")]


def cli(*arguments, **options):
    command = [sys.executable, "-m", "themis_rm", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **options)


def fault(done):
    assert done.returncode == 2, done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_the_version_is_told():
    assert cli("--version").stdout.startswith("themis-rm ")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb):
    done = cli(*verb.split(), "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("mine", "--out", "o"), "Give either repositories"),
        (("mine", "no-such-folder", "--out", "o"), "No repository could be mined"),
        (("mine", ".", "--out", "o", "--set", "langages=[C]"), "Did you mean 'languages'"),
        (("mine", "--tree", "no-such-folder", "--out", "o"), "is not a folder"),
        (("mine", "--repos-file", "no-such-file", "--out", "o"), "no-such-file"),
        (("curate", "--out", "o"), "Give --commits, --solutions or both"),
        (("curate", "--commits", "none", "--out", "o"), "none"),
        (("assemble", "none", "--out", "o"), "none"),
        (("train", "none.yaml", "--data", "d", "--out", "o"), "Cannot read none.yaml"),
        (("evaluate", "--model", "none", "--out", "o"), "none"),
        (("evaluate", "--model", "length", "--benchmark", "none", "--out", "o"), "There is no benchmark none"),
        (("evaluate", "--model", "length", "--prompts", "som", "--out", "o"), "prompts"),
        (("score", "--model", "length", "none.py"), "none.py is not a file"),
        (("score", "--model", "length", "-c", "FCC", "x.jsonl"), "Unknown criterion"),
        (("run", "none.yaml"), "Cannot read none.yaml"),
        (("rerank-eval", "none.jsonl", "--out", "o"), "Cannot read none.jsonl"),
        (("rerank-eval", "x.jsonl", "--out", "o", "k=[ten]"), "k.0"),
        (("adversarial", "--model", "length", "--out", "o", "edits=[shouting]"), "Unknown adversarial edit 'shouting'"),
        (("leaderboard",), "Nothing to compare"),
        (("leaderboard", "none"), "none"),
        (("benchmark", "sources", "humanevalpak"), "Did you mean 'humanevalpack'"),
        (("benchmark", "compile", "--sources", "none", "--out", "o.parquet"), "There is no folder none"),
        (("benchmark", "compile", "--sources", ".", "--out", "o.parquet"), "no folder of a known source"),
        (("benchmark", "compile", "--sources", ".", "--out", "o.parquet", "--only", "piee"), "Unknown source 'piee'"),
        (("benchmark", "verify", "none.parquet", "--out", "o"), "none.parquet"),
        (("benchmark", "verify", "authored", "--out", "o", "--mark", "m.parquet"), "nothing to mark"),
        (("hand-over", "none.json", "--out", "o"), "Cannot read none.json"),
        (("benchmark", "card", "none.parquet", "--out", "o"), "none"),
        (("benchmark", "audit", "none.parquet", "--out", "o"), "none.parquet"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_the_user_can_mend_is_one_line(arguments, told, tmp_path):
    (tmp_path / "x.jsonl").write_text("{}\n")
    assert told in fault(cli(*arguments, cwd=tmp_path))


def test_a_benchmark_without_a_column_names_it(tmp_path):
    (tmp_path / "b.jsonl").write_text(json.dumps({"id": "1", "prompt": "p", "chosen": "c"}) + "\n")
    told = fault(cli("evaluate", "--model", "length", "--benchmark", tmp_path / "b.jsonl", "--out", tmp_path / "o"))
    assert "lacks the columns rejected, aspect, language, subset" in told


def test_rows_that_are_no_pair_are_set_aside_and_told(tmp_path):
    good = BenchmarkPair(
        id="1", prompt="p", chosen="cc", rejected="r", aspect="Runtime_Efficiency", language="Go", subset="s"
    )
    rows = [
        good,
        *(
            BenchmarkPair(**{**good.to_dict(), **odd})
            for odd in ({"id": "2", "aspect": "Taste"}, {"id": "3", "rejected": " "})
        ),
    ]
    write_rows(tmp_path / "b.parquet", rows, BenchmarkPair.schema())
    done = cli("evaluate", "--model", "length", "--benchmark", tmp_path / "b.parquet", "--out", tmp_path / "o")
    assert done.returncode == 0
    aside = [json.loads(line)["reason"] for line in (tmp_path / "o/rejected.jsonl").read_text().splitlines()]
    assert aside == ["unknown-aspect", "empty-response"]
    assert "1 unknown-aspect, 1 empty-response" in done.stderr or "1 empty-response, 1 unknown-aspect" in done.stderr


def test_code_from_standard_input_is_scored(tmp_path):
    done = cli(
        "score", "--model", "length", "--prompt", "Add.", "-c", "FC,SH", input="def add(a, b):\n    return a + b\n"
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["criterion"] for row in rows] == ["FC", "SH"]


def test_requests_from_standard_input_are_scored_and_bad_ones_told():
    lines = [json.dumps({"id": "a", "prompt": "p", "response": "four"}), "not json", json.dumps({"prompt": "p"})]
    done = cli("score", "--model", "length", input="\n".join(lines) + "\n")
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["a"]
    assert done.returncode == 2
    assert "line 2: not JSON" in done.stderr
    assert "line 3: no text under 'response'" in done.stderr


def test_files_are_scored_into_parquet(tmp_path):
    (tmp_path / "a.c").write_text("int main(void) { return 0; }\n")
    done = cli("score", "--model", "length", "a.c", "--out", "scores.parquet", cwd=tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "scores.parquet").is_file()


def test_a_checkpoint_scores_on_the_command_line_as_in_plain_transformers(tiny_checkpoint, tmp_path):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = tiny_checkpoint("qwen3")
    row = {"id": "x", "prompt": "Sum a list.", "response": "def f(x):\n    return sum(x)\n", "system": "Judge speed."}
    done = cli("score", "--model", folder, input=json.dumps(row) + "\n")
    model, tokenizer = AutoModelForSequenceClassification.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    roles = (("system", "system"), ("user", "prompt"), ("assistant", "response"))
    messages = [{"role": role, "content": row[key]} for role, key in roles]
    ids = tokenizer.apply_chat_template(messages, return_tensors="pt", return_dict=True)
    with torch.no_grad():
        plain = model(**ids).logits[0, 0].item()
    assert json.loads(done.stdout)["score"] == pytest.approx(plain, abs=1e-5)


def test_two_labels_are_refused(tiny_checkpoint, tmp_path):
    from transformers import AutoModelForSequenceClassification

    folder = tiny_checkpoint("qwen3")
    AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=2, ignore_mismatched_sizes=True
    ).save_pretrained(tmp_path / "two")
    for file in folder.glob("*token*"):
        (tmp_path / "two" / file.name).write_bytes(file.read_bytes())
    assert "2" in fault(cli("evaluate", "--model", tmp_path / "two", "--out", tmp_path / "o"))


def test_pickled_weights_are_refused(tiny_checkpoint, tmp_path):
    import shutil

    folder = tmp_path / "pickled"
    shutil.copytree(tiny_checkpoint("qwen3"), folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert "safetensors" in fault(cli("evaluate", "--model", folder, "--out", tmp_path / "o"))


def test_a_recipe_with_an_unknown_key_says_what_was_meant(tmp_path):
    (tmp_path / "r.yaml").write_text("backbone: {path: x}\nlr: 1\n")
    assert "Did you mean 'learning_rate'" in fault(cli("train", "r.yaml", "--data", "d", "--out", "o", cwd=tmp_path))


def test_a_training_recipe_without_data_says_so(tmp_path):
    (tmp_path / "r.yaml").write_text("backbone: {path: x}\n")
    assert "names no data" in fault(cli("train", "r.yaml", "--out", "o", cwd=tmp_path))
