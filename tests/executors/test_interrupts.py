"""Signals that arrive while worker processes start."""

import signal

import pytest

from themis_rm.executors.interrupts import deferred_interrupts


def interrupted(done):
    with deferred_interrupts():
        signal.raise_signal(signal.SIGINT)
        done.append(True)


def test_an_interrupt_takes_effect_at_the_end():
    done, before = [], signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        interrupted(done)
    assert done
    assert signal.getsignal(signal.SIGINT) == before


def test_without_a_signal_nothing_is_raised():
    with deferred_interrupts():
        pass
