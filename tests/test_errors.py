import pickle

import pytest

from themis_rm.errors import CheckpointError, InputError, MissingExtraError, SettingError, did_you_mean


@pytest.mark.parametrize(
    "error",
    [
        InputError("x is empty.", "Give another."),
        SettingError("no"),
        CheckpointError("a", "b"),
        MissingExtraError("openai", "judge"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_an_error_crosses_process_borders_whole(error):
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), str(back), back.message, back.hint) == (type(error), str(error), error.message, error.hint)


def test_a_missing_extra_says_how_to_install_it():
    assert "pip install 'themis-rm[judge]'" in str(MissingExtraError("openai", "judge"))


def test_a_near_name_is_suggested():
    assert did_you_mean("peak_rat", ["peak_rate", "seed"]) == "Did you mean 'peak_rate'?"


def test_a_far_name_gets_the_list():
    assert did_you_mean("zzz", ["b", "a"]) == "Known: a, b."
