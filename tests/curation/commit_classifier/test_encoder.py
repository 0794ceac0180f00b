"""An encoder as a classifier of commits, on a tiny seeded ModernBERT."""

import json

import pytest

from themis_rm.curation.commit_classifier.base import CommitChange, load_classifier
from themis_rm.errors import InputError

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")

from themis_rm.curation.commit_classifier.encoder import EncoderSettings, text_of, train_encoder  # noqa: E402

SUBJECTS = {"FC": "fix crash", "EE": "make faster"}
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "fix", "crash", "make", "faster", "x", "1", "2", "(", ")", "=", "-", "+"]


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    model = tokenizers.models.WordLevel({word: number for number, word in enumerate(WORDS)}, "[UNK]")
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        "[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    config = transformers.ModernBertConfig(
        vocab_size=len(WORDS), hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        pad_token_id=0, bos_token_id=2, eos_token_id=3, cls_token_id=2, sep_token_id=3, max_position_embeddings=64,
    )  # fmt: skip
    torch.manual_seed(0)
    transformers.ModernBertModel(config).save_pretrained(folder)
    return folder


def change(short: str, number: int = 1) -> CommitChange:
    return CommitChange(SUBJECTS[short], SUBJECTS[short], "x.py", "Python", "x = 1\n", f"x = {number}0\n")


@pytest.fixture(scope="module")
def checkpoint(pretrained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("classifier")
    shorts = ["FC", "EE"] * 40
    rows = [(change(short, i + 1), {short: 1.0}, f"r{i // 8}") for i, short in enumerate(shorts)]
    settings = EncoderSettings(str(pretrained), ("FC", "EE"), epochs=6, learning_rate=3e-3, batch_size=8, max_length=64)
    train_encoder(rows, settings, folder, {"date": "2026-01-01"})
    return folder


def test_it_learns_the_messages(checkpoint):
    classifier = load_classifier(checkpoint)
    fix, speed = classifier.probabilities([change("FC"), change("EE")])
    assert fix["FC"] > speed["FC"]
    assert speed["EE"] > fix["EE"]


def test_a_probability_does_not_depend_on_the_batch(checkpoint):
    classifier = load_classifier(checkpoint)
    commits = [change("FC"), change("EE", 5)]
    assert classifier.probabilities(commits) == [classifier.probabilities([commit])[0] for commit in commits]


def test_the_held_out_repositories_are_stored(checkpoint):
    assert len(json.loads((checkpoint / "commit_classifier.json").read_text())["held_out"]) == 2


def test_the_text_has_message_path_and_change():
    assert text_of(change("FC")).splitlines() == ["fix crash", "fix crash", "x.py (Python)", "-x = 1", "+x = 10"]


@pytest.mark.parametrize("content", ["{}", "[]", '{"calibration": 1}'])
def test_a_damaged_description_is_an_error(checkpoint, tmp_path, content):
    (tmp_path / "config.json").write_text((checkpoint / "config.json").read_text())
    (tmp_path / "commit_classifier.json").write_text(content)
    with pytest.raises(InputError):
        load_classifier(tmp_path)
