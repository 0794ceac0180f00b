"""Copies of the repositories that students hand in."""

import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 120
BRANCH = re.compile(r"\w[\w./+#@-]*")


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
    address = urlsplit(url)
    if address.scheme != "https" or not address.hostname:
        raise ValueError(f"not the address of a repository: {url}")
    if not BRANCH.fullmatch(branch):
        raise ValueError(f"not the name of a branch: {branch}")

    command = ["git", "clone", "--quiet", "--depth", "1", "--branch", branch, "--", url, str(target)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    except subprocess.CalledProcessError as error:
        raise RuntimeError(error.stderr.strip()) from error
    except subprocess.TimeoutExpired as error:
        raise RuntimeError("git took too long") from error
