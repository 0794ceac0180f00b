"""Recognition of other languages than English."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.curation.english import is_english


@pytest.mark.parametrize(
    "text",
    [
        "修复空列表的崩溃",
        "修复 reader parser 崩溃",
        "Исправлено падение при пустом списке",
        "空のリストで落ちる問題",
        "Absturz beim Lesen von leeren Dateien",
        "Corrige une erreur dans le lecteur",
        "Corrección de un error en la lectura",
        "Corrige a leitura de arquivos que não existem",
        "Corretto errore nella lettura",
        "Popraw błąd przy zapisie",
        "Boş dosya için hata düzeltildi",
    ],
)
def test_other_languages_are_recognized(text):
    assert not is_english(text)


@pytest.mark.parametrize(
    "text",
    [
        "Fix crash",
        "Refactor",
        "",
        "Fix tokens of 日本語 texts",
        "Handle naïve café names",
        "Add the driver of the DAS",
        "Rename `für` and `mit` in der_parser",
        "Fix la_LA locale",
        "Use std::move in der/des",
        "speed up µs → ms conversion",
        "Use α and β as names of parameters",
    ],
)
def test_texts_that_may_be_english_are_kept(text):
    assert is_english(text)


@given(st.text(max_size=200))
def test_any_text_is_judged(text):
    is_english(text)


def test_one_foreign_word_in_an_english_sentence_is_kept():
    assert is_english("Fix the crash of the parser when it is used with der")
