import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.training.preferences import preference
from tests.training.test_tokenization import byte_tokenizer

from themis_rm.errors import InputError, SettingError
from themis_rm.training.recipe import SamplingSettings, TrainRecipe
from themis_rm.training.sampling import GroupDraws, draw_by_group, draws_by_group, group_shares, sampling_groups
from themis_rm.training.token_cache import Categories, TokenizedPairs, tokenize
from themis_rm.training.tokenization import PairEncoder
from themis_rm.training.tokenizers import CHAT_TEMPLATE

sizes = st.lists(st.integers(1, 30), min_size=1, max_size=5)
temperature = st.sampled_from([1.0, 1.5, 5.0, 100.0, math.inf])


def codes_of(counts, seed=0):
    return np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))


def test_temperature_one_is_proportional_and_infinity_is_equal():
    counts = np.array([900, 90, 10])
    assert group_shares(counts, 1.0).tolist() == pytest.approx([0.9, 0.09, 0.01])
    assert group_shares(counts, math.inf).tolist() == pytest.approx([1 / 3] * 3)
    assert group_shares(counts, 5.0).tolist() == pytest.approx((counts**0.2 / (counts**0.2).sum()).tolist())


@given(sizes, temperature, st.integers(1, 300), st.integers(0, 3))
def test_groups_get_their_shares_and_use_their_pairs_equally_often(counts, t, count, seed):
    codes = codes_of(counts)
    order = draw_by_group(codes, count, t, seed)
    seen = Counter(order.tolist())
    assert len(order) == count
    for group, share in enumerate(group_shares(np.array(counts), t)):
        own = [seen[index] for index in np.flatnonzero(codes == group).tolist()]
        assert abs(sum(own) - count * share) <= len(counts) * share + 1
        assert max(own) - min(own) <= 1


@given(sizes, st.integers(1, 3), st.integers(0, 3))
def test_with_temperature_one_every_pass_has_each_pair_once(counts, passes, seed):
    order = draw_by_group(codes_of(counts), passes * sum(counts), 1.0, seed)
    for drawn in order.reshape(passes, -1):
        assert sorted(drawn.tolist()) == list(range(sum(counts)))


@given(sizes, temperature, st.integers(1, 100), st.integers(0, 200))
def test_more_draws_begin_with_the_same_ones(counts, t, count, more):
    codes = codes_of(counts)
    assert (draw_by_group(codes, count + more, t, 7)[:count] == draw_by_group(codes, count, t, 7)).all()


def test_the_draws_of_a_small_group_are_spread_over_all_batches():
    codes = codes_of([990, 10])
    batches = draw_by_group(codes, 50 * 16, math.inf, 0).reshape(50, 16)
    shares = [(codes[batch] == 1).sum() for batch in batches]
    assert sum(shares) == 400
    assert 7 <= min(shares) <= max(shares) <= 9


def test_the_draws_depend_on_the_seed():
    codes = codes_of([20, 5])
    assert (draw_by_group(codes, 40, 2.0, 0) != draw_by_group(codes, 40, 2.0, 1)).any()


def test_draws_are_counted_by_group():
    groups = Categories(["Go", "Python"], np.array([1, 1, 0, 1]))
    assert draws_by_group(groups, np.array([0, 2, 2, 2, 3])) == {
        "Go": GroupDraws(pairs=1, draws=3, passes=3.0),
        "Python": GroupDraws(pairs=3, draws=2, passes=0.6667),
    }


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    kinds = [("FC", "Python"), ("EE", "Python"), ("FC", "Go"), ("", "Python")]
    rows = [preference(i, aspect=kinds[i % 4][0], language=kinds[i % 4][1]).to_dict() for i in range(12)]
    file = tmp_path_factory.mktemp("sampling") / "x.arrow"
    tokenize(rows, PairEncoder(byte_tokenizer(CHAT_TEMPLATE), 200), file)
    return TokenizedPairs(file)


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("criterion", ["unknown", "FC", "EE"]),
        ("language", ["Go", "Python"]),
        ("criterion,language", ["unknown/Python", "FC/Go", "FC/Python", "EE/Python"]),
    ],
)
def test_groups_have_the_names_of_their_criterion_and_language(pairs, by, names):
    groups = sampling_groups(pairs, SamplingSettings.build({"by": by}))
    assert set(groups.names) == set(names)
    assert len(groups.codes) == 12
    criteria = ["FC", "EE", "FC", "unknown"] * 3
    if by == "criterion":
        assert [groups.names[code] for code in groups.codes] == criteria


def test_a_dataset_without_the_column_is_refused(tmp_path):
    rows = [preference(i, language="").to_dict() for i in range(4)]
    tokenize(rows, PairEncoder(byte_tokenizer(CHAT_TEMPLATE), 200), tmp_path / "x.arrow")
    with pytest.raises(InputError, match=r"no training pair has a language.*columns\.language"):
        sampling_groups(TokenizedPairs(tmp_path / "x.arrow"), SamplingSettings.build({"by": "language"}))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "sampling.by"),
        ({"by": []}, "sampling.by"),
        ({"by": "repository"}, "sampling.by"),
        ({"by": "language,language"}, "by names 'language' twice"),
        ({"by": "language", "temperature": 0.3}, "sampling.temperature"),
        ({"by": "language", "temperature": 0}, "sampling.temperature"),
        ({"by": "language", "temperature": "nan"}, "sampling.temperature"),
        ({"by": "language", "alpha": 0.3}, "Did you mean 'sampling.temperature'"),
    ],
)
def test_sampling_settings_that_mean_nothing_are_refused(values, message):
    with pytest.raises(SettingError, match=message):
        TrainRecipe.build({"backbone": {"path": "x"}, "sampling": values})


def test_equal_sampling_is_stored_as_text():
    recipe = TrainRecipe.build({"backbone": {"path": "x"}, "sampling": {"by": "language"}})
    stored = recipe.model_dump(mode="json")
    assert stored["sampling"] == {"by": ["language"], "temperature": "inf"}
    assert TrainRecipe.build(stored) == recipe
