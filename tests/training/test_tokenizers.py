from tests.training.preferences import preference

from themis_rm.training.recipe import BpeSettings
from themis_rm.training.tokenizers import CHAT_TEMPLATE, sample_texts, train_bpe


def test_training_a_vocabulary_is_deterministic():
    rows = [preference(i).to_dict() for i in range(200)]
    one, two = (train_bpe(sample_texts(rows, 1.0), BpeSettings(vocab_size=330), 64) for _ in range(2))
    assert one.backend_tokenizer.to_str() == two.backend_tokenizer.to_str()
    assert 259 < len(one) <= 330
    assert one.chat_template == CHAT_TEMPLATE


def test_a_trained_vocabulary_encodes_any_text_without_loss():
    settings = BpeSettings(vocab_size=300, min_frequency=1)
    tokenizer = train_bpe(iter(["def f(x):\n    return x <= 10\n"]), settings, 64)
    text = "naïve → 🙂\r\n\tif x<=10:\x00"
    assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text


def test_a_sample_of_texts_does_not_depend_on_the_order_of_rows():
    rows = [preference(i).to_dict() for i in range(400)]
    half = list(sample_texts(rows, 0.5))
    assert sorted(half) == sorted(sample_texts(rows[::-1], 0.5))
    assert 450 < len(half) < 750
