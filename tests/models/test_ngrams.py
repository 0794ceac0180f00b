"""The n-gram baseline: it learns, does not depend on the order of rows, and can be saved and loaded."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.errors import CheckpointError, InputError
from themis_rm.messages import conversation
from themis_rm.models.loading import load_model
from themis_rm.models.ngrams import NGramSettings, feature_difference, features, fit_ngrams

SMALL = NGramSettings(bits=12)


def rows(count=40, system=None, better="check(value)", worse="value"):
    result = []
    for number in range(count):
        rng = random.Random(number)
        names = [rng.choice(["alpha", "beta", "gamma", "delta"]) for _ in range(6)]
        body = " + ".join(names)
        result.append(
            {"system": system, "input": str(number), "chosen": f"{better} {body}", "rejected": f"{body} {worse}"}
        )
    return result


def reward(model, text, system=None):
    return model.score([conversation(system, "a", text)])[0].reward


def test_it_learns_the_difference_between_responses():
    model = fit_ngrams(rows(), SMALL)
    assert model.report.accuracy == 1.0
    assert reward(model, "check(value) omega") > reward(model, "omega value")


def test_equal_responses_are_counted_and_not_used():
    same = {"system": None, "input": "", "chosen": "a  b", "rejected": "a b"}
    model = fit_ngrams([*rows(), same, {**same, "rejected": ""}], SMALL)
    assert model.report.pairs == 40
    assert model.report.skipped == {"same-n-grams": 1, "empty-response": 1}


def test_no_usable_pair_is_an_error():
    with pytest.raises(InputError, match="cannot be fitted"):
        fit_ngrams([])


@pytest.mark.parametrize("limit", [10, 50_000])
def test_the_order_of_rows_does_not_matter(limit):
    settings = NGramSettings(bits=12, max_pairs=limit)
    shuffled = rows()
    random.Random(1).shuffle(shuffled)
    first, second = fit_ngrams(rows(), settings), fit_ngrams(shuffled, settings)
    assert first.weight.tobytes() == second.weight.tobytes()
    assert first.report == second.report


def test_pairs_beyond_the_limit_are_counted():
    report = fit_ngrams(rows(), NGramSettings(bits=12, max_pairs=10)).report
    assert (report.pairs, report.skipped) == (10, {"beyond-max-pairs": 30})


def test_crossed_features_learn_opposite_preferences():
    settings = NGramSettings(bits=14, crossed=True)
    both = rows(system="Grade A.") + [
        {**row, "chosen": row["rejected"], "rejected": row["chosen"]} for row in rows(system="Grade B.")
    ]
    model = fit_ngrams(both, settings)
    good, bad = "check(value) alpha", "alpha value"
    assert reward(model, good, "Grade A.") > reward(model, bad, "Grade A.")
    assert reward(model, good, "Grade B.") < reward(model, bad, "Grade B.")


def test_a_saved_model_is_loaded_unchanged(tmp_path):
    model = fit_ngrams(rows(), SMALL)
    model.save(tmp_path / "any-name")
    again = load_model(tmp_path / "any-name")
    assert again.report == model.report
    assert reward(again, "check(value) alpha") == reward(model, "check(value) alpha")


@pytest.mark.parametrize("damage", ["weights", "config", "bits"])
def test_a_damaged_model_is_rejected(tmp_path, damage):
    fit_ngrams(rows(), SMALL).save(tmp_path)
    if damage == "weights":
        (tmp_path / "ngrams.safetensors").unlink()
    values = json.loads((tmp_path / "ngrams.json").read_text(encoding="utf-8"))
    if damage == "config":
        values["settings"]["color"] = "red"
    if damage == "bits":
        values["settings"]["bits"] = 13
    (tmp_path / "ngrams.json").write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(CheckpointError):
        load_model(tmp_path)


@given(text=st.text(max_size=80))
def test_features_ignore_whitespace(text):
    spaced = " ".join(text.split())
    assert features(text, "", SMALL) == features(spaced, "", SMALL)


@given(first=st.text(max_size=40), second=st.text(max_size=40))
def test_the_difference_changes_sign_when_sides_are_swapped(first, second):
    one, two = feature_difference(first, second, "", SMALL), feature_difference(second, first, "", SMALL)
    assert one == {bucket: -value for bucket, value in two.items()}
