"""Run tasks on a Ray cluster: the one of ``RAY_ADDRESS``, the last one started on this machine, or a new local one."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from datatrove.executor.base import PipelineExecutor
from datatrove.executor.ray import RayPipelineExecutor

from themis_rm.errors import MissingExtraError, SettingError, UserError
from themis_rm.executors.logs import file_logs_only
from themis_rm.executors.options import check_options

UNSUPPORTED = ("nodes_per_task", "log_first", "time")
"""Options of datatrove's Ray executor without an effect here."""

_LOST_WORKERS = 3
"""How often the tasks of a lost worker are submitted again."""


def check_ray(options: Mapping[str, Any]) -> None:
    """Check the options of the Ray executor, and that Ray is installed.

    Raises:
        SettingError: An option is unknown or has a wrong type.
        MissingExtraError: Ray is not installed.
    """
    check_options(RayPipelineExecutor, options, "ray", UNSUPPORTED)
    if find_spec("ray") is None:
        raise MissingExtraError("ray", "ray")


class RayExecutor(RayPipelineExecutor):
    """A Ray executor that ends with the error of the first task that fails.

    datatrove's own executor returns normally when tasks have failed, and waits forever for resources that no node has.
    """

    def run(self) -> None:
        """Run the tasks that have no completion marker.

        Raises:
            UserError: A task failed, a worker was lost too often, or no node has the resources of a task.
        """
        import ray

        ranks = self.get_incomplete_ranks()
        if not ranks:
            return
        _connect()
        resources = self._resources()
        _require_node(resources)
        self.save_executor_as_json()
        size = self.tasks_per_job
        queue = deque(ranks[start : start + size] for start in range(0, len(ranks), size))
        remote = ray.remote(_run_ranks).options(
            num_cpus=resources["CPU"],
            num_gpus=resources["GPU"],
            memory=resources["memory"],
            max_retries=0,
            **(self.ray_remote_kwargs or {}),
        )
        executor, folder = ray.put(self), str(Path.cwd())
        running: dict[Any, list[int]] = {}
        lost: Counter[int] = Counter()
        try:
            while queue or running:
                while queue and len(running) < self.workers:
                    group = queue.popleft()
                    running[remote.remote(executor, group, folder)] = group
                for task in ray.wait(list(running), num_returns=1, timeout=10)[0]:
                    group = running.pop(task)
                    if not self._finish(task, group, lost):
                        queue.append(group)
        finally:
            for task in running:
                ray.cancel(task, force=True)

    def _finish(self, task: Any, ranks: list[int], lost: Counter[int]) -> bool:
        """Return whether the tasks of a job are done; otherwise its worker was lost and it must be submitted again."""
        import ray
        from ray.exceptions import OutOfMemoryError, RayError, RayTaskError, WorkerCrashedError

        try:
            ray.get(task)
            return True
        except RayTaskError as error:
            if isinstance(error.cause, UserError):
                raise error.cause from None
            reason = f"{type(error.cause).__name__}: {error.cause}"
        except OutOfMemoryError:
            reason = "memory ran out on its node"
        except WorkerCrashedError:
            lost[ranks[0]] += 1
            if lost[ranks[0]] <= _LOST_WORKERS:
                return False
            reason = "its worker process died, possibly because memory ran out"
        except RayError as error:
            reason = " ".join(str(error).split())[:500]
        raise UserError(
            f"Task {ranks[0]} failed on Ray: {reason}.",
            f"Its log is in {self.logging_dir.resolve_paths('logs')}; run the same command again to resume.",
        )

    def _resources(self) -> dict[str, float]:
        memory = int(self.mem_per_cpu_gb * self.cpus_per_task * (1 << 30))
        return {"CPU": self.cpus_per_task, "GPU": self.gpus_per_task, "memory": memory}

    def _run_for_rank(self, rank: int, local_rank: int = 0, node_rank: int = -1) -> Any:
        # datatrove's Ray executor logs to a directory of the node that all its users share.
        with file_logs_only():
            return PipelineExecutor._run_for_rank(self, rank, local_rank, node_rank)  # noqa: SLF001


def _run_ranks(executor: RayExecutor, ranks: list[int], folder: str) -> None:
    """Run tasks in a worker of Ray; relative paths are those of the command."""
    os.chdir(folder)
    for rank in ranks:
        executor._run_for_rank(rank)  # noqa: SLF001


def _connect() -> None:
    import ray

    if ray.is_initialized():
        return
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # Ray warns without it
    try:
        ray.init(log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        address = os.environ.get("RAY_ADDRESS", "this machine")
        reason = " ".join(str(error).split())[:300]
        raise UserError(f"Cannot connect to Ray at {address}: {reason}.", "Correct RAY_ADDRESS.") from error


def _require_node(resources: Mapping[str, float]) -> None:
    import ray

    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if not any(all(node.get(name, 0) >= amount for name, amount in resources.items()) for node in nodes):
        wanted = f"{resources['CPU']:g} CPUs, {resources['GPU']:g} GPUs and {resources['memory'] / (1 << 30):g} GB"
        raise SettingError(
            f"No node of the Ray cluster has the {wanted} of memory that a task asks for.",
            "Lower executor.options.cpus_per_task, gpus_per_task or mem_per_cpu_gb, or start larger nodes.",
        )
