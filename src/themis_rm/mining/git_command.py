"""Run the git program with a configuration and an environment in which a repository cannot make it run programs."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from themis_rm.errors import InputError

_NO_REPLACE = "GIT_NO_REPLACE_OBJECTS"
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    _NO_REPLACE: "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_ALLOW_PROTOCOL": "https:ssh:git:file",
    "LC_ALL": "C",
}
_INHERITED = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_PROXY_COMMAND")
"""Variables that configure access to servers; all other ``GIT_*`` and ``*ASKPASS`` variables are removed."""


def environment(replacements: bool = False) -> dict[str, str]:
    """Return the environment for git: the user's, without variables that change what git does.

    Args:
        replacements: Whether git reads the objects that replace others.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _INHERITED or not (name.startswith("GIT_") or name.endswith("ASKPASS"))
    }
    return kept | {name: value for name, value in _ENVIRONMENT.items() if not (replacements and name == _NO_REPLACE)}


def git_command(git_dir: Path | None, arguments: Sequence[str], replacements: bool = False) -> list[str]:
    """Return the command line of git on a git directory, or on none; see :func:`environment`."""
    where = [] if git_dir is None else [f"--git-dir={git_dir}"]
    return [
        "git", "--no-pager", *([] if replacements else ["--no-replace-objects"]), *where,
        "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", *arguments,
    ]  # fmt: skip


def require_git() -> None:
    """Check that git is installed.

    Raises:
        InputError: There is no git program on the path.
    """
    if shutil.which("git") is None:
        raise InputError("The git program is not installed (or not on PATH).", "Install git 2.36 or newer.")


def parse_git_error(stderr: bytes, hidden: Sequence[str] = ()) -> str:
    """Return the most informative line of git's error output, without passwords and control characters.

    Args:
        stderr: Error output of git.
        hidden: Texts to remove, such as temporary directories or a URL with a password.
    """
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    message = next((line for line in lines if line.startswith("fatal:")), lines[-1] if lines else "git gave no reason")
    for text in hidden:
        message = message.replace(text, "...")
    printable = "".join(ch if ch.isprintable() else "?" for ch in message)
    return re.sub(r"://[^/@\s]+@", "://", printable).removeprefix("fatal: ")[:300]
