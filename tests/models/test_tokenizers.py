"""Files of tokenizers that are damaged, absent or of another kind: one line with the file and the fix."""

import json
import shutil
from pathlib import Path

import pytest

from themis_rm.errors import CheckpointError
from themis_rm.models.tokenizers import load_tokenizer, special_tokens

GOLDEN = Path(__file__).parents[1] / "goldens" / "rm" / "seqcls-llama"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 7\n"


@pytest.fixture
def folder(tmp_path):
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "config.json"):
        shutil.copyfile(GOLDEN / name, tmp_path / name)
    return tmp_path


def edit(file, **values):
    content = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(content | values), encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'{"version": "1.0", "added', "is not readable JSON"),
        (b"", "is not readable JSON"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (b"{}", "has no vocabulary"),
        (b'{"model": null}', "has no vocabulary"),
        (b"[]", "is not a JSON object"),
        (b"[" * 100_000, "nested more than 200 levels deep"),
        (LFS, "is a pointer of Git LFS"),
        (b'{"version": "9.0", "added_tokens": [], "model": {"type": "New", "vocab": {}}}', "cannot be loaded"),
        (
            b'{"version": "1.0", "added_tokens": 5, "model": {"type": "BPE", "vocab": {}, "merges": []}}',
            "cannot be loaded",
        ),
        (b'{"version": "1.0", "added_tokens": [], "model": {"type": "BPE", "vocab": {}, "merges": []}}', "no tokens"),
        (b'{"version": "1.0", "added_tokens": [], "model": {"type": "BPE", "vocab": {"a": 0}}}', "cannot be loaded"),
    ],
)
def test_a_tokenizer_json_that_cannot_be_used_is_named(folder, content, problem):
    (folder / "tokenizer.json").write_bytes(content)
    with pytest.raises(CheckpointError, match=problem) as error:
        load_tokenizer(folder)
    assert str(folder) in error.value.message
    assert error.value.hint
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"model_max_length": "long"}, "model_max_length"),
        ({"model_max_length": -1}, "model_max_length"),
        ({"tokenizer_class": 5}, "cannot be loaded"),
        ({"eos_token": ["a"]}, "eos_token"),
        ({"chat_template": ["a"]}, "cannot be loaded"),
        ({"added_tokens_decoder": {"x": "y"}}, "cannot be loaded"),
    ],
)
def test_values_of_another_type_are_refused(folder, values, problem):
    edit(folder / "tokenizer_config.json", **values)
    with pytest.raises(CheckpointError, match=problem):
        load_tokenizer(folder)


def test_a_directory_without_tokenizer_json_is_refused(folder):
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer.model").write_bytes(b"\x00")
    with pytest.raises(CheckpointError, match=r"no tokenizer\.json"):
        load_tokenizer(folder)


def test_a_class_that_transformers_does_not_have_is_a_fast_tokenizer(folder):
    edit(folder / "config.json", model_type="unheard-of")
    assert special_tokens(load_tokenizer(folder))["bos_token"] == "<|begin_of_text|>"
