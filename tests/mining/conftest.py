"""Fixtures that build small git repositories and mine them."""

import os
import subprocess
from pathlib import Path

import pytest

from themis_rm.mining.repositories import mine_repositories
from themis_rm.mining.settings import MineSettings
from themis_rm.pipeline import ExecutorSettings
from themis_rm.records import Commit
from themis_rm.storage.parquet import read_rows

MIT = (
    "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated\n"
    'documentation files (the "Software"), to deal in the Software without restriction.\n\n'
    "The above copyright notice and this permission notice shall be included in all\ncopies of the Software.\n"
)
BEFORE, AFTER = b"def f(x):\n    return x\n", b"def f(x):\n    return x + 1\n"


class History:
    """A git repository whose commits are one minute apart."""

    def __init__(self, path: Path, license: str | None = MIT, **options: str):
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.minutes = 0
        self.git("init", "-q", "-b", "main", *(f"--{key.replace('_', '-')}={value}" for key, value in options.items()))
        if license is not None:
            self.commit("Start with the license", {"LICENSE": license.encode()})

    def git(self, *arguments: str, input: bytes | None = None, **environment: str) -> str:
        stamp = f"{1_500_000_000 + 60 * self.minutes} +0000"
        env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_AUTHOR_DATE": stamp,
            "GIT_COMMITTER_NAME": "C", "GIT_COMMITTER_EMAIL": "c@example.org", "GIT_COMMITTER_DATE": stamp,
        } | environment  # fmt: skip
        result = subprocess.run(
            ["git", "-c", "gc.auto=0", *arguments],
            cwd=self.path,
            env=env,
            input=input,
            capture_output=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr.decode(errors="replace")
        return result.stdout.decode("utf-8", "surrogateescape").strip()

    def commit(self, message: str | bytes, files: dict[str, bytes | None] | None = None, **environment: str) -> str:
        """Write (or with ``None`` remove) files and commit; returns the hash."""
        for name, data in (files or {}).items():
            file = Path(os.fsdecode(os.fsencode(self.path) + b"/" + os.fsencode(name)))
            if data is None:
                file.unlink()
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        self.minutes += 1
        self.git("add", "-A")
        text = message.encode() if isinstance(message, str) else message
        self.git(
            "-c", "i18n.commitEncoding=utf-8", "commit", "-q", "--allow-empty", "--cleanup=verbatim", "-F", "-",
            input=text, **environment,
        )  # fmt: skip
        return self.git("rev-parse", "HEAD")

    def commit_raw(self, message: bytes, header: bytes = b"") -> str:
        """Commit the files with a message and header lines that ``git commit`` would not write."""
        self.minutes += 1
        self.git("add", "-A")
        parent, tree = self.git("rev-parse", "HEAD"), self.git("write-tree")
        who = b"A <a@example.org> %d +0000" % (1_500_000_000 + 60 * self.minutes)
        lines = b"tree %s\nparent %s\nauthor %s\ncommitter %s\n" % (tree.encode(), parent.encode(), who, who)
        commit = self.git("hash-object", "-t", "commit", "-w", "--stdin", input=lines + header + b"\n" + message)
        self.git("update-ref", "HEAD", commit)
        return commit

    def change(self, message: str | bytes = "Return one more than asked", path: str = "a.py") -> str:
        """Add a file and change it; the second commit is kept by default."""
        self.commit("Add a file to change", {path: BEFORE})
        return self.commit(message, {path: AFTER})


@pytest.fixture
def history(tmp_path):
    """Return a function that builds a repository: ``history("name", license=..., object_format=...)``."""
    return lambda name="repo", **options: History(tmp_path / name, **options)


@pytest.fixture
def mine(tmp_path):
    """Return a function that mines: ``mine(repo, ..., setting=value)`` -> rows and report."""

    def run(*repos, out=None, **settings):
        out = out or tmp_path / "out"
        report = mine_repositories(
            [str(repo) for repo in repos], out, MineSettings(**settings), ExecutorSettings(workers=1)
        )
        rows = [Commit(**row) for file in sorted((out / "commits").glob("*")) for row in read_rows(file)]
        return rows, report

    return run
