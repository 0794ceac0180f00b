"""Copies of the repositories that students hand in."""

import subprocess
from pathlib import Path

TIMEOUT_SECONDS = 120


def fetch_repository(url: str, branch: str, target: Path) -> None:
    """Make a shallow copy of one branch.

    Args:
        url: Address that the student entered.
        branch: Branch to copy.
        target: Folder to create.

    Raises:
        ValueError: The address or the branch cannot be right.
        RuntimeError: Git failed or took too long.
    """
    url, branch = url.strip(), branch.strip()
    if not url or any(character.isspace() for character in url):
        raise ValueError(f"not the address of a repository: {url}")
    if not branch or any(character.isspace() for character in branch):
        raise ValueError(f"not the name of a branch: {branch}")

    command = ["git", "clone", "--quiet", "--depth", "1", "--branch", branch, url, str(target)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    except subprocess.CalledProcessError as error:
        raise RuntimeError(error.stderr.strip()) from error
    except subprocess.TimeoutExpired as error:
        raise RuntimeError("git took too long") from error
