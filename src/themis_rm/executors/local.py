"""Run tasks in worker processes on this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from copy import deepcopy
from multiprocessing.process import BaseProcess

from datatrove.executor.local import LocalPipelineExecutor

from themis_rm.errors import UserError
from themis_rm.executors.logs import silence_datatrove


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
        with ProcessPoolExecutor(self.workers, mp_context=context, initializer=_exit_with_parent) as pool:
            tasks = [pool.submit(self._run_for_rank, rank) for rank in ranks]
            workers = list((pool._processes or {}).values())  # noqa: SLF001
            try:
                for task in as_completed(tasks):
                    task.result()
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
        silence_datatrove()
        # datatrove prints the log of local rank 0 to the terminal; every rank also logs to a file.
        try:
            super()._run_for_rank(rank, local_rank + 1, node_rank)
        finally:
            silence_datatrove()  # closing a task's log restores the default one


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


def _exit_with_parent() -> None:
    # An orphaned worker would keep writing while the run is resumed. The fork server does not end when the run is
    # killed, because it and its workers keep each other alive.
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_exit_after, args=(parent,), daemon=True).start()


def _exit_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
