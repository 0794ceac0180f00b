"""Fixtures that replace Slurm: scripts with the names of its commands on PATH."""

import os

import pytest

from themis_rm.executors import slurm
from themis_rm.pipeline import ExecutorSettings, RowReader, RowWriter, run_steps
from themis_rm.records import BenchmarkPair
from themis_rm.storage.parquet import write_rows


class FakeSlurm:
    """A directory of commands on PATH."""

    def __init__(self, folder):
        self.folder = folder

    def command(self, name, body):
        """Write a command; ``body`` is a script for bash."""
        file = self.folder / name
        file.write_text(f"#!/bin/bash\n{body}\n", encoding="utf-8")
        file.chmod(0o755)

    def accept(self, log="", element="0"):
        """Let ``sbatch`` accept every job and write a log, without running anything."""
        body = f'folder="$(dirname "${{@: -1}}")/slurm_logs"; printf "%b" "{log}" > "$folder/4242_{element}.out"'
        self.command("sbatch", f"{body if log else ''}\necho Submitted batch job 4242")

    def states(self, text, name="squeue"):
        """Let ``squeue`` (or ``sacct``) print these lines."""
        self.command(name, f"cat <<'END'\n{text}\nEND")

    def calls(self, name):
        """Return the recorded arguments of a command that :meth:`record` wrote."""
        file = self.folder / f"{name}.log"
        return file.read_text(encoding="utf-8").splitlines() if file.is_file() else []

    def record(self, name):
        """Let a command write its arguments to a file."""
        self.command(name, f'echo "$@" >> "{self.folder / name}.log"')


@pytest.fixture
def fake_slurm(tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(slurm, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(slurm, "GRACE_SECONDS", 0.1)
    cluster = FakeSlurm(folder)
    cluster.record("scancel")
    return cluster


@pytest.fixture
def copy_rows(tmp_path):
    """Return a function that copies two small Parquet files with an executor: ``copy_rows("name", settings...)``."""
    for index in range(2):
        row = BenchmarkPair(id=str(index), prompt="p", chosen="c", rejected="r", aspect="a", language="Go", subset="s")
        write_rows(tmp_path / "in" / f"{index}.parquet", [row], BenchmarkPair.schema())

    def run(name, **settings):
        out = tmp_path / name
        steps = [RowReader(tmp_path / "in", BenchmarkPair.required()), RowWriter(out / "rows", BenchmarkPair.schema())]
        run_steps("copy", steps, out, 2, ExecutorSettings(workers=2, **settings))
        return {file.name: file.read_bytes() for file in sorted((out / "rows").iterdir())}

    return run
