"""Run tasks in worker processes on this machine."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from copy import deepcopy
from multiprocessing import forkserver, resource_tracker
from multiprocessing.process import BaseProcess

from datatrove.executor.local import LocalPipelineExecutor

from themis_rm.errors import UserError
from themis_rm.executors.interrupts import deferred_interrupts
from themis_rm.executors.logs import file_logs_only
from themis_rm.terminal import protect_streams


class LocalExecutor(LocalPipelineExecutor):
    """A local executor that reports dead workers and leaves no process behind when the run is killed.

    datatrove's own executor forks a manager process that survives a killed run and keeps its locks, and its pool waits
    forever for the task of a worker that died. This one also keeps the log of the first task off the terminal.
    """

    def run(self) -> None:
        """Run the tasks that have no completion marker.

        Raises:
            UserError: A worker process died.
        """
        ranks = self.get_incomplete_ranks()
        if not ranks:
            return
        self.save_executor_as_json()
        if self.workers == 1:
            pipeline = self.pipeline  # type: ignore[has-type]
            for rank in ranks:
                self.pipeline = deepcopy(pipeline)
                self._run_for_rank(rank)
            return
        context = multiprocessing.get_context("forkserver")
        with ProcessPoolExecutor(self.workers, mp_context=context, initializer=_start_worker) as pool:
            workers: list[BaseProcess] = []
            try:
                with deferred_interrupts():
                    _start_fork_server()
                    tasks = [pool.submit(self._run_for_rank, rank) for rank in ranks]
                workers = list((pool._processes or {}).values())  # noqa: SLF001
                for task in as_completed(tasks):
                    task.result()
            except KeyboardInterrupt:
                _end_groups((pool._processes or {}).values())  # noqa: SLF001
                raise
            except BrokenProcessPool:
                pool.shutdown(cancel_futures=True)
                raise UserError(
                    f"A worker process {_cause(worker.exitcode for worker in workers)}.",
                    "Run the same command again to resume, with fewer workers to use less memory. In a script, make "
                    "the call under if __name__ == '__main__'.",
                ) from None
            finally:
                pool.shutdown(cancel_futures=True)

    def _run_for_rank(self, rank: int, local_rank: int = 0, node_rank: int = -1) -> None:
        with file_logs_only(), rare_collections():
            super()._run_for_rank(rank, local_rank, node_rank)


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let Python search for cyclic garbage less often; tasks make many objects and few cycles.

    With the default threshold of 700 objects, the search takes a sixth of the time of ``curate``.
    """
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], _OBJECTS), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


_OBJECTS = 10_000  # more of them than deleted since the last search start the next one


def _cause(exit_codes: Iterable[int | None]) -> str:
    """Return how a worker process ended; the pool ends the other ones by SIGTERM."""
    codes = [code for code in exit_codes if code not in (None, 0, -signal.SIGTERM)]
    if not codes:
        return "died, possibly because memory ran out"
    code = codes[0] or 0
    if code > 0:
        return f"ended with exit code {code}"
    names = {number.value: number.name for number in signal.Signals}
    memory = ", possibly because memory ran out" if -code == signal.SIGKILL else ""
    return f"died by signal {names.get(-code, -code)}{memory}"


def _start_fork_server() -> None:
    """Start the server that forks the workers, with SIGINT blocked: Ctrl-C interrupts this process alone."""
    resource_tracker.ensure_running()  # it unblocks signals
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker() -> None:
    os.setpgid(0, 0)  # a group for the worker and its programs (git), that ends as a whole
    protect_streams()
    # An orphaned worker would keep writing while the run is resumed. The fork server does not end when the run is
    # killed, because it and its workers keep each other alive.
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_exit_after, args=(parent,), daemon=True).start()


def _exit_after(parent: BaseProcess) -> None:
    parent.join()
    os.killpg(0, signal.SIGKILL)


def _end_groups(workers: Iterable[BaseProcess]) -> None:
    for worker in workers:
        if worker.pid is not None:
            with suppress(ProcessLookupError, PermissionError):  # it has not started yet, or has ended
                os.killpg(worker.pid, signal.SIGKILL)
        worker.kill()
