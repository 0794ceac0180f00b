"""Thread pools for calls that take long: requests to servers, executions in the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def thread_pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Yield a pool of threads; calls that have not started when the body ends by an exception are canceled.

    Calls that are running are waited for, except after Ctrl-C, as one call may take minutes.

    Args:
        workers: Number of threads.
    """
    pool = ThreadPoolExecutor(workers)
    try:
        yield pool
    except KeyboardInterrupt:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()
