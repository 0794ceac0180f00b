"""Every verb with every kind of bad file at every place that takes one: one line and exit code 2, never a traceback."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.command_line import all_verbs, cli

VALID = {
    "mine": "{repository} --out {out} --workers 1",
    "curate": "--commits {commits} --out {out} --workers 1",
    "assemble": "{pairs} --out {out} --workers 1",
    "convert": "{preferences} --out {out}",
    "browse": "{preferences} --out {out}",
    "agreement": "{preferences} {requests} --out {out}",
    "train": "{recipe} --data {preferences} --out {out} -s max_steps=1",
    "run": "{recipe} --out {out}",
    "plan": "{recipe} --gpus 1 --gpu h100 --pairs 10 --out {out}",
    "merge": "{folder} {folder} --out {out}",
    "ablate": "{recipe} --out {out}",
    "evaluate": "--model length --benchmark {benchmark} --prompts none --out {out}",
    "calibrate": "length --pairs {benchmark} --out {out}",
    "rerank": "{rerank} --out {out}",
    "adversarial": "--model length --benchmark {benchmark} --prompts none --out {out}",
    "verify-backend": "--model length --url http://127.0.0.1:9 --dialect vllm-classify --benchmark {benchmark} --out {out}",
    "leaderboard": "{results} --out {out}",
    "export-results": "{results} --out {out}",
    "score": "--model length {requests} --out {out}",
    "benchmark sources": "--sources {folder}",
    "benchmark compile": "--sources {folder} --out {out} --workers 1",
    "benchmark verify": "{benchmark} --out {out} --workers 1",
    "benchmark audit": "{benchmark} --out {out}",
    "benchmark export": "{benchmark} --out {out}",
    "models show": "length",
}
"""Verb -> arguments; names in braces are files of :func:`files`. Verbs without files are in :data:`NO_FILES`."""

NO_FILES = {"settings", "models list"}

PATH_METAVARS = {
    *("PATH", "FILE", "DIR", "MODEL", "REPO", "PAIRS", "DATA", "RECIPE", "RUN", "RESULTS", "BENCHMARK"),
}


def parameters() -> list[tuple[str, str]]:
    """Return verb and parameter of every place that takes a path."""
    found = []
    for verb, command in all_verbs():
        if verb not in NO_FILES:
            names = [(p.opts[0], p.metavar) for p in command.params if getattr(p, "metavar", None) in PATH_METAVARS]
            found += [(verb, name) for name, _ in names]
    return found


def write_inputs(folder: Path) -> None:
    """Write one file per kind of bad input, named after the kind."""
    good = pa.Table.from_pylist([{"a": number, "b": "text " * 50} for number in range(2000)])
    pq.write_table(good, folder / "wrong-columns.parquet")
    data = (folder / "wrong-columns.parquet").read_bytes()
    (folder / "truncated.parquet").write_bytes(data[: len(data) // 2])
    damaged = bytearray(data)
    damaged[100:160] = os.urandom(60)
    (folder / "damaged-page.parquet").write_bytes(damaged)
    length = struct.unpack("<I", data[-8:-4])[0]
    footer = bytearray(data)
    footer[-8 - length // 2 : -8 - length // 2 + 20] = b"\xff" * 20
    (folder / "damaged-footer.parquet").write_bytes(footer)
    pq.write_table(pa.table({"a": pa.nulls(3)}), folder / "nulls.parquet")
    (folder / "empty.jsonl").write_bytes(b"")
    (folder / "empty.parquet").write_bytes(b"")
    (folder / "garbage.jsonl").write_bytes(os.urandom(3000))
    (folder / "garbage.parquet").write_bytes(os.urandom(3000))
    (folder / "garbage.yaml").write_bytes(bytes(range(256)) * 4)
    (folder / "deep.jsonl").write_text("[" * 100_000 + "\n")
    (folder / "deep.yaml").write_text("[" * 20_000)
    (folder / "deep.json").write_text('{"a":' * 50_000)
    (folder / "digits.json").write_text('{"a": ' + "9" * 10_000 + "}\n")
    (folder / "latin1.jsonl").write_bytes('{"prompt": "é"}\n'.encode("latin-1"))
    (folder / "utf16.jsonl").write_bytes('{"prompt": "x"}\n'.encode("utf-16"))
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    for suffix in ("parquet", "jsonl", "yaml", "json"):
        (folder / f"pointer.{suffix}").write_text(pointer)
    (folder / "list.json").write_text("[1, 2, 3]")
    (folder / "directory.parquet").mkdir()
    (folder / "directory.jsonl").mkdir()
    (folder / "empty-directory").mkdir()
    os.mkfifo(folder / "pipe.jsonl")
    os.mkfifo(folder / "pipe.parquet")
    (folder / "loop.jsonl").symlink_to(folder / "loop.jsonl")
    (folder / "dangling.parquet").symlink_to(folder / "nothing")
    (folder / "\x1b[31mred[bold]\n.jsonl").write_text("x\n")


OUTPUTS = {"--out", "--html", "--csv", "--mark"}
"""Parameters that name what is written."""
SETTINGS = {"--config", "recipe"}
"""Parameters that name a YAML file."""

OTHER_NAMES = ["missing.parquet", "missing/below.jsonl", "empty.jsonl/below.jsonl", "n" * 300, "nul\0.jsonl", ""]
"""Paths that cannot exist."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with all bad inputs."""
    folder = tmp_path_factory.mktemp("bad")
    write_inputs(folder)
    return folder


def bad_paths(folder: Path, parameter: str) -> list[Path]:
    """Return the paths that are bad at a parameter."""
    impossible = [folder / name for name in OTHER_NAMES[1:-1]]
    if parameter in OUTPUTS:
        return [*impossible, folder / "loop.jsonl", folder / "pipe.jsonl"]
    kinds = {".yaml", ".json"} if parameter in SETTINGS else {".parquet", ".jsonl", ""}
    return [folder / OTHER_NAMES[0], *impossible, *(p for p in sorted(folder.iterdir()) if p.suffix in kinds)]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Write inputs that verbs accept, or at least do not refuse before they read the bad ones."""
    folder = tmp_path_factory.mktemp("good")
    (folder / "recipe.yaml").write_text("name: x\n")
    (folder / "requests.jsonl").write_text('{"prompt": "p", "response": "r"}\n')
    pair = {"id": "1", "prompt": "p", "chosen": "a = 1", "rejected": "b = 2", "aspect": "FC", "language": "Python"}
    pq.write_table(pa.Table.from_pylist([{**pair, "subset": "s"}]), folder / "benchmark.parquet")
    pq.write_table(
        pa.Table.from_pylist([{"prompt": "p", "chosen": "a", "rejected": "b"}]), folder / "preferences.parquet"
    )
    names = ["recipe.yaml", "requests.jsonl", "benchmark.parquet", "preferences.parquet"]
    known = {name.partition(".")[0]: str(folder / name) for name in names}
    other = ("repository", "commits", "pairs", "rerank", "results", "folder")
    return known | dict.fromkeys(other, str(folder))


def test_every_verb_is_here() -> None:
    assert {verb for verb, _ in all_verbs()} == {*VALID, *NO_FILES}


def arguments(verb: str, parameter: str, path: str, files: dict[str, str], out: str) -> list[str]:
    """Return the arguments of a verb with a path at one of its parameters, and valid files at the others."""
    words = [word.format(**files, out=out) for word in VALID[verb].split()]
    command = dict(all_verbs())[verb]
    positional = [p.opts[0] for p in command.params if p.param_type_name == "argument"]
    if parameter in positional:
        options = [index for index, word in enumerate(words) if word.startswith("-")]
        values = {index + 1 for index in options}
        place = next(index for index in range(len(words)) if index not in options and index not in values)
        words[place] = path
    elif parameter in words:
        words[words.index(parameter) + 1] = path
    else:
        words += [parameter, path]
    return [*verb.split(), *words]


@pytest.mark.parametrize(("verb", "parameter"), parameters(), ids=lambda value: value.replace(" ", "-"))
def test_bad_files_are_one_line(verb: str, parameter: str, folder: Path, files: dict[str, str], tmp_path: Path) -> None:
    for number, path in enumerate(bad_paths(folder, parameter)):
        out = tmp_path / f"out{number}"
        line = arguments(verb, parameter, str(path), files, str(out))
        completed = cli(*line, cwd=tmp_path)  # an unexpected exception fails here, with its traceback
        assert completed.returncode in (0, 2), (line, completed)
        assert "Traceback" not in completed.stdout + completed.stderr, line
        assert "\x1b" not in completed.stdout + completed.stderr, line
        errors = [text for text in completed.stderr.splitlines() if text.startswith("error: ")]
        assert len(errors) <= (completed.returncode == 2), (line, completed.stderr)
        assert errors or completed.returncode == 0 or completed.stderr.strip(), line


def test_a_verb_waits_for_no_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    command = [sys.executable, "-m", "themis_rm", "score", "--model", "length", str(tmp_path / "pipe.jsonl")]
    completed = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert completed.returncode == 2, completed.stderr
