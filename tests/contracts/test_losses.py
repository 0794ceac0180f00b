"""Every registered loss term passes the contract checks."""

import pytest

from themis_rm.testing.losses import check_loss
from themis_rm.training.losses import LOSSES, LossTerm, full_precision


@pytest.mark.parametrize("term", LOSSES, ids=lambda term: term.name)
def test_a_loss_term_keeps_its_contract(term):
    check_loss(term)


def test_a_term_that_depends_on_the_batch_is_found():
    broken = LossTerm("broken", lambda output: (output.chosen - output.chosen.mean()).float() ** 2)
    with pytest.raises(AssertionError, match="not a sum over pairs"):
        check_loss(broken)


def test_a_preference_term_that_depends_on_the_offset_of_rewards_is_found():
    broken = LossTerm("broken", lambda output: -full_precision(output.chosen), preference=True)
    with pytest.raises(AssertionError, match="depends on the offset"):
        check_loss(broken)


def test_a_term_that_treats_ties_like_preferences_is_found():
    term = LOSSES.get("bradley_terry")
    with pytest.raises(AssertionError, match="the loss of a tie depends on its order"):
        check_loss(LossTerm("broken", term.function, preference=True, ties=True))
