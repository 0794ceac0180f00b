"""Files that start a planned run: a shell script for one machine, a Slurm job for several, and a container."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from themis_rm.errors import SettingError
from themis_rm.storage.atomic import write_text

TORCH = "2.13.0"
"""Version of torch in the container, the one that the tests run with."""


@dataclass(frozen=True)
class Launch:
    """What a run is started with.

    Attributes:
        recipe: Name or file of the recipe.
        options: Options of ``themis-rm train`` besides data and output.
        gpus: Number of processes, one per GPU.
        gpus_per_node: Largest number of them on one machine.
        hours: Expected hours, for the time limit; ``None`` if they are not known.
    """

    recipe: str
    options: Sequence[str]
    gpus: int
    gpus_per_node: int
    hours: float | None

    @property
    def nodes(self) -> int:
        """Return the number of machines.

        Raises:
            SettingError: The processes cannot be distributed evenly.
        """
        nodes = -(-self.gpus // self.gpus_per_node)
        if self.gpus % nodes:
            raise SettingError(
                f"{self.gpus} GPUs cannot be spread evenly over {nodes} machines of {self.gpus_per_node} GPUs.",
                "Change --gpus or --gpus-per-node.",
            )
        return nodes

    @property
    def per_node(self) -> int:
        """Return the number of processes on each machine."""
        return self.gpus // self.nodes

    def train_arguments(self) -> str:
        """Return the arguments of torchrun after its own options, quoted for a shell."""
        words = shlex.join(["-m", "themis_rm", "train", self.recipe, *self.options])
        return f'{words} --data "$DATA" --out "$OUT"'


def write_launch_files(launch: Launch, folder: Path) -> list[Path]:
    """Write ``run.sh`` (one machine only), ``slurm.sh`` and ``Containerfile``.

    Args:
        launch: What to start.
        folder: Output directory.

    Returns:
        The files.

    Raises:
        SettingError: The processes cannot be distributed evenly.
    """
    texts = {"slurm.sh": _slurm(launch), "Containerfile": _containerfile()}
    if launch.nodes == 1:
        texts = {"run.sh": _torchrun(launch), **texts}
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]


def _torchrun(launch: Launch) -> str:
    return f"""#!/usr/bin/env bash
# Trains on the GPUs of this machine: bash run.sh DATA OUT. The same command resumes an interrupted run.
set -euo pipefail
DATA="${{1:?usage: $0 DATA OUT}}"
OUT="${{2:?usage: $0 DATA OUT}}"
export OMP_NUM_THREADS="${{OMP_NUM_THREADS:-1}}"
torchrun --standalone --nproc-per-node {launch.per_node} {launch.train_arguments()}
"""


def _slurm(launch: Launch) -> str:
    # Twice the planned time, because the plan is an estimate; Slurm's own default without one.
    limit = "" if launch.hours is None else f"#SBATCH --time={max(1, round(2 * launch.hours + 0.5))}:00:00\n"
    return f"""#!/usr/bin/env bash
# Trains on {launch.nodes} x {launch.per_node} GPUs under Slurm: sbatch slurm.sh DATA OUT.
# DATA and OUT are on a file system that all machines share. A job that reaches its time limit, or whose machine fails,
# is queued again and resumes.
#SBATCH --job-name=themis-rm
#SBATCH --nodes={launch.nodes}
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node={launch.per_node}
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@120
{limit}set -euo pipefail
DATA="${{1:?usage: sbatch $0 DATA OUT}}"
OUT="${{2:?usage: sbatch $0 DATA OUT}}"
export OMP_NUM_THREADS="${{OMP_NUM_THREADS:-1}}"
export DATA OUT
trap 'scontrol requeue "$SLURM_JOB_ID"' USR1
MASTER_ADDR="$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)"
srun --kill-on-bad-exit=1 torchrun --nnodes {launch.nodes} --nproc-per-node {launch.per_node} \\
  --rdzv-backend c10d --rdzv-endpoint "$MASTER_ADDR:29500" --rdzv-id "$SLURM_JOB_ID" \\
  {launch.train_arguments()} &
wait "$!"
"""


def _containerfile() -> str:
    from themis_rm import __version__

    return f"""# Image for training on NVIDIA GPUs: podman build -t themis-rm -f Containerfile .
# The wheel of torch has the CUDA libraries of its own; the base has to fit the driver of the machine.
ARG BASE=docker.io/nvidia/cuda:13.0.0-base-ubuntu24.04
FROM $BASE
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv git && rm -rf /var/lib/apt/lists/*
RUN python3 -m venv /opt/themis
ENV PATH=/opt/themis/bin:$PATH OMP_NUM_THREADS=1
RUN pip install --no-cache-dir "torch=={TORCH}" "themis-rm[train,gpu]=={__version__}"
WORKDIR /work
"""
