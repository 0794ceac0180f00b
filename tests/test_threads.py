"""Thread pools: nothing is started after the end of the body."""

import threading

import pytest

from themis_rm.threads import thread_pool


class Calls:
    """Calls in a pool of one thread that is interrupted while the first one runs."""

    def __init__(self):
        self.running, self.release, self.made = threading.Event(), threading.Event(), []

    def call(self, number):
        self.made.append(number)
        self.running.set()
        self.release.wait(60)

    def interrupt(self, error, delay):
        with thread_pool(1) as pool:
            self.futures = [pool.submit(self.call, number) for number in range(5)]
            self.running.wait(60)
            timer = threading.Timer(delay, self.release.set)
            timer.daemon = True
            timer.start()
            raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_calls_that_have_not_started_are_canceled(error):
    calls = Calls()
    with pytest.raises(error):
        calls.interrupt(error, 0.01)
    assert calls.made == [0]
    assert all(future.cancelled() for future in calls.futures[1:])


def test_ctrl_c_does_not_wait_for_a_running_call():
    calls = Calls()
    with pytest.raises(KeyboardInterrupt):
        calls.interrupt(KeyboardInterrupt, 60)
    assert calls.futures[0].running()
    calls.release.set()


def test_without_an_error_all_calls_are_made():
    with thread_pool(2) as pool:
        futures = [pool.submit(pow, 2, number) for number in range(5)]
    assert [future.result() for future in futures] == [1, 2, 4, 8, 16]
