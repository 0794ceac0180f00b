"""The command line: one grammar for all verbs, one clear line and exit code 2 for errors that the user can fix."""

import contextvars
import importlib
import json
import os
import re
import subprocess
import sys

import pytest
from tests.command_line import all_verbs, cli, error_line

from themis_rm.cli.grammar import OUTPUT_OPTIONS, VerbCommand
from themis_rm.cli.verbs import VERBS
from themis_rm.records import BenchmarkPair
from themis_rm.settings.suggest import SYNONYMS
from themis_rm.storage.locks import exclusive, exclusive_file
from themis_rm.storage.parquet import write_rows

COMMANDS = dict(all_verbs())


def options_of(verb):
    return {option for item in COMMANDS[verb].params for option in item.opts}


def test_the_program_starts_as_a_module_and_prints_its_version():
    completed = subprocess.run(
        [sys.executable, "-m", "themis_rm", "--version"], capture_output=True, text=True, check=True, timeout=120
    )
    assert completed.stdout.startswith("themis-rm ")


def test_starting_the_program_imports_no_heavy_library():
    code = "import sys, themis_rm.cli; print({'torch', 'pyarrow', 'datatrove', 'pandas'} & set(sys.modules))"
    completed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert completed.stdout.strip() == "set()"


def test_registering_the_verbs_imports_no_heavy_library():
    code = "import sys, themis_rm.cli.app; print({'torch', 'pyarrow', 'datatrove', 'pandas'} & set(sys.modules))"
    completed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert completed.stdout.strip() == "set()"


@pytest.mark.parametrize("verb", COMMANDS)
def test_help_has_a_usage_line_and_examples_within_80_columns(verb):
    completed = cli(*verb.split(), "--help", width=80)
    assert completed.returncode == 0
    assert "Usage: themis-rm" in completed.stdout
    assert "Examples" in completed.stdout
    assert max(map(len, completed.stdout.splitlines())) <= 80


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_verb_has_the_common_options(verb):
    common = {"--json", "--verbose", "-v"}
    if verb in VERBS:
        common |= {"--set", "-s", "--config"}
    assert common <= options_of(verb)
    assert isinstance(COMMANDS[verb], VerbCommand)


@pytest.mark.parametrize("verb", [verb for verb, sources in VERBS.items() if sources[0].executor])
def test_every_data_stage_selects_its_executor(verb):
    assert {"--workers", "--executor"} <= options_of(verb)


@pytest.mark.parametrize("verb", ["evaluate", "score", "rerank", "adversarial", "verify-backend"])
def test_every_verb_that_loads_a_model_has_the_options_of_models(verb):
    assert {"--model", "-m", "--device", "--dtype", "--batch-tokens"} <= options_of(verb)


@pytest.mark.parametrize("verb", COMMANDS)
def test_a_setting_among_the_positional_arguments_is_an_error(verb):
    required = [
        word
        for item in COMMANDS[verb].params
        if item.required and item.opts[0] != item.name
        for word in (item.opts[0], "x")
    ]
    line = error_line(cli(*verb.split(), *required, "seed=3"))
    assert line == "error: Unexpected argument 'seed=3'. To change a setting, use --set seed=3"


def test_a_file_whose_name_looks_like_a_setting_is_not_an_error(tmp_path):
    (tmp_path / "a=b.py").write_text("x = 1\n")
    assert cli("score", "a=b.py", "--model", "length", cwd=tmp_path).returncode == 0


def test_options_replace_set_which_replaces_the_config_file(tmp_path):
    from themis_rm.cli.grammar import Call

    (tmp_path / "c.yaml").write_text("prompts: all\nconfidence_level: 0.8\nshard_size: 7\n")
    call = Call("evaluate", ("confidence_level=0.9", "prompts=none"), tmp_path / "c.yaml")
    settings = call.settings({"prompts": "own", "model.device": None})
    assert (settings.shard_size, settings.confidence_level, settings.prompts) == (7, 0.9, "own")


def test_the_executor_of_a_data_stage_is_set_in_the_same_ways(tmp_path):
    from themis_rm.cli.grammar import Call

    (tmp_path / "c.yaml").write_text("seed: 4\nexecutor: {type: ray}\n")
    call = Call("assemble", ("executor.workers=3", "test=0.1"), tmp_path / "c.yaml")
    settings, executor = call.stage_settings({"executor.workers": 2})
    assert (settings.seed, settings.test, executor.type, executor.workers) == (4, 0.1, "ray", 2)
    assert "executor" not in settings.canonical()


def test_an_optional_dependency_that_is_missing_names_its_extra():
    from themis_rm.cli.extras import require_extra
    from themis_rm.errors import MissingExtraError

    expected = r"no_such_package is not installed\. Run: pip install 'themis-rm\[x\]'"
    with pytest.raises(MissingExtraError, match=expected), require_extra("x"):
        importlib.import_module("no_such_package")


def test_without_arguments_the_verbs_are_listed():
    completed = cli()
    assert completed.returncode == 2
    assert "leaderboard" in completed.stdout


def test_verbose_prints_the_traceback_of_an_error(tmp_path):
    completed = cli("train", "none.yaml", "--out", "o", "-v", cwd=tmp_path)
    assert completed.returncode == 2
    assert "Traceback" in completed.stderr
    assert "error: Cannot read none.yaml" in completed.stderr.splitlines()[-1]
    assert "THEMIS_DEBUG" not in os.environ


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("mine", "--out", "o"), "Give either repositories"),
        (("mine", "no-such-folder", "--out", "o"), "No repository could be mined"),
        (("mine", ".", "--out", "o", "--set", "langages=[C]"), "Did you mean 'languages'"),
        (("mine", "--tree", "no-such-folder", "--out", "o"), "is not a directory"),
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
        (("rerank", "none.jsonl", "--out", "o"), "Cannot read none.jsonl"),
        (("rerank", "x.jsonl", "--out", "o", "-s", "k=[ten]"), "k.0"),
        (
            ("adversarial", "--model", "length", "--out", "o", "-s", "edits=[shouting]"),
            "Unknown adversarial edit 'shouting'",
        ),
        (("leaderboard",), "Nothing to compare"),
        (("leaderboard", "none"), "none"),
        (("benchmark", "sources", "humanevalpak"), "Did you mean 'humanevalpack'"),
        (("benchmark", "compile", "--sources", "none", "--out", "o.parquet"), "There is no directory none"),
        (("benchmark", "compile", "--sources", ".", "--out", "o.parquet"), "no directory of a known source"),
        (
            ("benchmark", "compile", "--sources", ".", "--out", "o.parquet", "--only", "piee"),
            "Unknown benchmark source 'piee'",
        ),
        (("benchmark", "verify", "none.parquet", "--out", "o"), "none.parquet"),
        (("benchmark", "verify", "authored", "--out", "o", "--mark", "m.parquet"), "nothing to mark"),
        (("browse", "none", "--out", "o.html"), "No table at none"),
        (("browse", "x.jsonl", "--out", "o.html"), "x.jsonl"),
        (("browse", "authored", "--out", "o.html", "--sample", "0"), "--sample"),
        (("agreement", "authored", "none.jsonl"), "Cannot read none.jsonl"),
        (("agreement", "authored", "x.jsonl"), "No judgment is about a row of authored (not-a-judgment 1)"),
        (("export-results", "none.json", "--out", "o"), "Cannot read none.json"),
        (("benchmark", "export", "none.parquet", "--out", "o"), "none"),
        (("benchmark", "audit", "none.parquet", "--out", "o"), "none.parquet"),
        (("mine", ".", "--out", "o", "--workers", "two"), "'--workers': must be a valid integer"),
        (("mine", ".", "--out", "o", "--executor", "slrum"), "--executor: must be 'local', 'ray' or 'slurm'"),
        (("mine", ".", "--out", "o", "-s", "jobs=2"), "Did you mean 'executor.workers'"),
        (("mine", ".", "--out", "o", "--config", "none.yaml"), "Cannot read none.yaml"),
        (("evaluate", "--out", "o"), "Missing option '--model'"),
        (("evaluate", "--model", "length", "--out", "o", "-s", "dtype=half"), "Did you mean 'model.dtype'"),
        (("evaluate", "--model", "length", "--out", "o", "--dtype", "half"), "--dtype: must be"),
        (("evaluate", "--model", "length", "--out", "o", "-s", "output_dir=x"), "Did you mean the option --out"),
        (("evaluate", "--model", "length", "--out", "x.jsonl/o"), "Cannot use x.jsonl/o: Not a directory"),
        (("evaluate", "--model", "length", "--outt", "o"), "No such option: --outt"),
        (("evalute",), "No such command 'evalute'"),
        (("settings", "evalute"), "Did you mean 'evaluate'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_an_error_that_the_user_can_fix_is_one_line(arguments, message, tmp_path):
    (tmp_path / "x.jsonl").write_text("{}\n")
    assert message in error_line(cli(*arguments, cwd=tmp_path))


DATA = ("--workers", "1", "--executor", "local")
MODEL = ("--device", "cpu", "--dtype", "float32", "--batch-tokens", "9")


@pytest.mark.parametrize(
    "arguments",
    [
        ("mine", "none", *DATA, "--since", "2020-01-01", "--until", "2021-01-01", "--max-bytes", "9"),
        ("mine", "--tree", "none", *DATA, "--max-bytes", "9"),
        ("curate", "--commits", "none", *DATA),
        ("assemble", "none", *DATA, "--seed", "1"),
        ("train", "tiny", "--data", "none", "--max-steps", "1", "--seed", "1"),
        ("run", "tiny", *DATA, "-s", "repositories=none", "-s", "trees=[]"),
        ("evaluate", "--model", "none", *MODEL, "--prompts", "own", "--limit", "1"),
        ("adversarial", "--model", "none", *MODEL, "--prompts", "own", "--limit", "1"),
        (
            "verify-backend",
            "--model",
            "none",
            *MODEL,
            "--url",
            "http://localhost:1",
            "--dialect",
            "tei",
            "--limit",
            "1",
        ),
        ("rerank", "none", *MODEL),
        ("score", "none", "--model", "length", *MODEL, "--prompt", "p", "-c", "FC"),
        ("benchmark", "compile", "--sources", "none", *DATA, "--only", "humanevalpack", "--limit", "1"),
        ("benchmark", "verify", "none", "--limit", "1", "--workers", "1"),
    ],
    ids=" ".join,
)
def test_every_option_changes_a_setting_that_exists(arguments, tmp_path):
    completed = cli(*arguments, "--out", "o.parquet", cwd=tmp_path)
    assert completed.returncode == 2
    message = completed.stderr.splitlines()[-1]
    assert "unknown key" not in message
    assert "none" in message  # the missing input, which is read after the settings


def test_every_synonym_suggests_a_key_or_an_option_that_exists():
    keys = {info.key for sources in VERBS.values() for source in sources for info in source.describe()}
    known = keys | {key.rpartition(".")[2] for key in keys} | set().union(*map(options_of, COMMANDS))
    assert [target for targets in SYNONYMS.values() for target in targets if target not in known] == []


def test_completion_suggests_the_keys_of_the_verb():
    from themis_rm.cli.completion import setting_keys, verbs

    class Context:
        command_path = "themis-rm evaluate"

    assert "model.device=" in dict(setting_keys(Context(), "model.de"))
    assert list(verbs("evalu")) == ["evaluate"]


def test_a_benchmark_without_a_column_names_it(tmp_path):
    (tmp_path / "b.jsonl").write_text(json.dumps({"id": "1", "prompt": "p", "chosen": "c"}) + "\n")
    line = error_line(
        cli("evaluate", "--model", "length", "--benchmark", tmp_path / "b.jsonl", "--out", tmp_path / "o")
    )
    assert "no known preference format; it has the columns id (text), prompt (text), chosen (text)" in line


def test_rows_that_are_not_pairs_are_excluded_and_counted(tmp_path):
    good = BenchmarkPair(
        id="1", prompt="p", chosen="cc", rejected="r", aspect="Runtime_Efficiency", language="Go", subset="s"
    )
    rows = [
        good,
        *(BenchmarkPair(**{**good.to_dict(), **odd}) for odd in ({"id": "1"}, {"id": "3", "rejected": " "})),
    ]
    write_rows(tmp_path / "b.parquet", rows, BenchmarkPair.schema())
    completed = cli("evaluate", "--model", "length", "--benchmark", tmp_path / "b.parquet", "--out", tmp_path / "o")
    assert completed.returncode == 0
    reasons = [json.loads(line)["reason"] for line in (tmp_path / "o/rejected.jsonl").read_text().splitlines()]
    assert reasons == ["duplicate-id", "empty-response"]
    assert "1 duplicate-id, 1 empty-response" in completed.stderr


def test_code_from_standard_input_is_scored():
    command = [sys.executable, "-m", "themis_rm", "score", "--model", "length", "--prompt", "Add.", "-c", "FC,SH"]
    code = "def add(a, b):\n    return a + b\n"
    completed = subprocess.run(command, input=code, capture_output=True, text=True, check=True, timeout=120)
    assert [json.loads(line)["criterion"] for line in completed.stdout.splitlines()] == ["FC", "SH"]


def test_requests_from_standard_input_are_scored_and_invalid_ones_reported():
    lines = [json.dumps({"id": "a", "prompt": "p", "response": "four"}), "not json", json.dumps({"prompt": "p"})]
    completed = cli("score", "--model", "length", stdin="\n".join(lines) + "\n")
    assert [json.loads(line)["id"] for line in completed.stdout.splitlines()] == ["a"]
    assert completed.returncode == 2
    assert "line 2: not JSON" in completed.stderr
    assert "line 3: 'response' is missing" in completed.stderr


def test_files_are_scored_into_parquet(tmp_path):
    (tmp_path / "a.c").write_text("int main(void) { return 0; }\n")
    completed = cli("score", "--model", "length", "a.c", "--out", "scores.parquet", cwd=tmp_path)
    assert completed.returncode == 0
    assert (tmp_path / "scores.parquet").is_file()


def test_a_checkpoint_scores_on_the_command_line_as_in_plain_transformers(tiny_checkpoint, tmp_path):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = tiny_checkpoint("qwen3")
    row = {"id": "x", "prompt": "Sum a list.", "response": "def f(x):\n    return sum(x)\n", "system": "Judge speed."}
    completed = cli("score", "--model", folder, stdin=json.dumps(row) + "\n")
    model, tokenizer = AutoModelForSequenceClassification.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    roles = (("system", "system"), ("user", "prompt"), ("assistant", "response"))
    messages = [{"role": role, "content": row[key]} for role, key in roles]
    ids = tokenizer.apply_chat_template(messages, return_tensors="pt", return_dict=True)
    with torch.no_grad():
        plain = model(**ids).logits[0, 0].item()
    assert json.loads(completed.stdout)["score"] == pytest.approx(plain, abs=1e-5)


def test_two_labels_are_refused(tiny_checkpoint, tmp_path):
    from transformers import AutoModelForSequenceClassification

    folder = tiny_checkpoint("qwen3")
    AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=2, ignore_mismatched_sizes=True
    ).save_pretrained(tmp_path / "two")
    for file in folder.glob("*token*"):
        (tmp_path / "two" / file.name).write_bytes(file.read_bytes())
    assert "2" in error_line(cli("evaluate", "--model", tmp_path / "two", "--out", tmp_path / "o"))


def test_pickled_weights_are_refused(tiny_checkpoint, tmp_path):
    import shutil

    folder = tmp_path / "pickled"
    shutil.copytree(tiny_checkpoint("qwen3"), folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert "safetensors" in error_line(cli("evaluate", "--model", folder, "--out", tmp_path / "o"))


def test_a_recipe_with_an_unknown_key_suggests_the_right_one(tmp_path):
    (tmp_path / "r.yaml").write_text("backbone: {path: x}\nlr: 1\n")
    assert "Did you mean 'learning_rate'" in error_line(
        cli("train", "r.yaml", "--data", "d", "--out", "o", cwd=tmp_path)
    )


def test_a_training_recipe_without_data_is_an_error(tmp_path):
    (tmp_path / "r.yaml").write_text("backbone: {path: x}\n")
    assert "names no data" in error_line(cli("train", "r.yaml", "--out", "o", cwd=tmp_path))


OUTPUTS = {
    verb: [item for item in command.params if set(item.opts) & set(OUTPUT_OPTIONS)]
    for verb, command in COMMANDS.items()
}


@pytest.mark.parametrize(("verb", "option"), [(verb, item) for verb, items in OUTPUTS.items() for item in items])
def test_an_output_in_use_is_refused(verb, option, tmp_path):
    out = tmp_path / "out"
    with (exclusive if option.metavar == "DIR" else exclusive_file)(out):
        required = [word for item in COMMANDS[verb].params if item.required for word in _given(item, tmp_path)]
        arguments = [*verb.split(), *required, option.opts[0], out]
        line = contextvars.Context().run(cli, *arguments, cwd=tmp_path)
    assert f"{out} is in use by another run." in error_line(line)


def test_only_the_first_process_of_torchrun_locks_the_output(tmp_path, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    with exclusive(tmp_path / "out"):
        line = contextvars.Context().run(cli, "train", "none.yaml", "--out", tmp_path / "out", cwd=tmp_path)
    assert "none.yaml" in error_line(line)


def _given(item, folder):
    value = str(folder / "other") if item.opts[0] in OUTPUT_OPTIONS else "x"
    return [value] if item.opts[0] == item.name else [item.opts[0], value]


def test_every_option_that_writes_is_locked():
    writing = {
        option.opts[0]
        for command in COMMANDS.values()
        for option in command.params
        if option.opts[0].startswith("--") and re.match(r"Write|Output|.*\b(to write|model card)\b", option.help or "")
    }
    assert writing == set(OUTPUT_OPTIONS)
