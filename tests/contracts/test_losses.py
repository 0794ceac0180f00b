"""Every registered loss term passes the contract checks."""

import pytest

from themis_rm.testing.losses import check_loss
from themis_rm.training.losses import LOSSES, LossTerm


@pytest.mark.parametrize("term", LOSSES, ids=lambda term: term.name)
def test_a_loss_term_keeps_its_contract(term):
    check_loss(term)


def test_a_term_that_depends_on_the_batch_is_found():
    broken = LossTerm("broken", lambda output: (output.chosen - output.chosen.mean()).float() ** 2)
    with pytest.raises(AssertionError, match="not a sum over pairs"):
        check_loss(broken)
