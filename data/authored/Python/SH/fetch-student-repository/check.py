import subprocess
from pathlib import Path

import solution

commands = []


def run(command, **options):
    commands.append(command)
    if "missing" in command[-2]:
        raise subprocess.CalledProcessError(128, command, stderr="fatal: not found\n")


subprocess.run = run
solution.fetch_repository("https://git.example.org/ann/ex.git", "week-3/main", Path("copy"))
assert commands[0][0] == "git" and commands[0][-2:] == ["https://git.example.org/ann/ex.git", "copy"]
assert "week-3/main" in commands[0]
try:
    solution.fetch_repository("https://git.example.org/missing.git", "main", Path("copy"))
    raise SystemExit("a failure of git went unseen")
except RuntimeError as error:
    assert str(error) == "fatal: not found"

commands.clear()
HTTPS = "https://git.example.org/ann/ex.git"
for url, branch in (
    ("--upload-pack=/tmp/run", "main"),
    ("ext::sh%20-c%20id", "main"),
    ("file:///srv/exams", "main"),
    (HTTPS, "--template=/tmp/hooks"),
    ("", "main"),
):
    try:
        solution.fetch_repository(url, branch, Path("copy"))
    except ValueError:
        pass
assert not commands, f"git was called with {commands}"
