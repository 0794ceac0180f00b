"""Signals: one line, 128 plus the number as exit code, handlers restored."""

import signal
from functools import partial

import pytest
from tests.command_line import cli

from themis_rm.cli import score
from themis_rm.cli.signals import catch_signals


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_a_verb_with_one_line(number, code, monkeypatch, tmp_path, request):
    (tmp_path / "a.py").write_text("x = 1\n")
    # Ignored signals stay ignored, and a test run in the background starts with some.
    default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
    request.addfinalizer(partial(signal.signal, number, signal.signal(number, default)))
    monkeypatch.setattr(score, "_score", lambda *_: signal.raise_signal(number))
    completed = cli("score", "a.py", "--model", "length", cwd=tmp_path)
    assert completed.stderr == "Stopped. Run the same command again to resume.\n"
    assert completed.returncode == code


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with catch_signals():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_handlers_are_restored():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), catch_signals():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before
