"""Rendering of chat templates in a separate process, see :mod:`themis_rm.models.templates.worker`.

One process serves all templates of this one. It is started on first use and again if a template exceeds a limit of the
operating system, which ends it.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO, Any, cast

from themis_rm.errors import SettingError

NOW = "2024-07-26"
"""The date that templates are given, which Llama 3.1's template writes by default: scores do not depend on the day."""

_REQUEST_BYTES = 8 << 20
"""Conversations are sent in requests of up to this size, since the process holds a request in memory."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a template or a conversation was rejected.

    Attributes:
        reason: What the template raised, in one line.
        limit: A limit on time, memory or output was exceeded.
    """

    reason: str
    limit: bool = False


class TemplateProcess:
    """A process that renders chat templates; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def compile(self, source: str) -> list[str] | Rejection:
        """Return the texts that a template searches for, or the reason why it cannot be compiled."""
        (reply,) = self._ask({"template": source, "now": NOW, "rows": 0}, [])
        return list(reply["searched"]) if isinstance(reply, dict) and "searched" in reply else _rejection(reply)

    def render(
        self, source: str, variables: Mapping[str, Any], conversations: Sequence[Sequence[Mapping[str, Any]]]
    ) -> list[str | Rejection]:
        """Return the text of each conversation, or why there is none.

        Args:
            source: The template.
            variables: Its variables in addition to the messages, such as ``bos_token``.
            conversations: Messages as the template reads them.
        """
        rendered: list[str | Rejection] = []
        for rows in _requests(conversations):
            pending = rows
            while pending:
                sent = [row for row in pending if row is not None]
                head = {"template": source, "now": NOW, "variables": dict(variables), "rows": len(sent)}
                replies = iter(self._ask(head, sent) if sent else [])
                done = [_NOT_JSON if row is None else _text(next(replies, None)) for row in pending]
                answered = next((i for i, text in enumerate(done) if text is None), len(done))
                rendered += [text for text in done[:answered] if text is not None]
                pending = pending[answered:]
        return rendered

    def _ask(self, head: Mapping[str, Any], rows: Sequence[bytes]) -> list[dict[str, Any] | Rejection]:
        """Return the replies up to the first one that ended the process, whose place has a :class:`Rejection`."""
        with self._lock:
            process = self._running()
            try:
                replies = list(self._exchange(process, head, rows))
            except BaseException:
                self._stop()  # an interrupted exchange leaves replies in the pipe
                raise
            if isinstance(replies[-1], Rejection):
                self._stop()
            return replies

    def _exchange(
        self, process: subprocess.Popen[bytes], head: Mapping[str, Any], rows: Sequence[bytes]
    ) -> Iterator[dict[str, Any] | Rejection]:
        stdin, stdout = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
        with contextlib.suppress(BrokenPipeError):
            stdin.write(b"\n".join([json.dumps(head).encode(), *rows, b""]))
            stdin.flush()
        for _ in range(max(1, len(rows))):
            line = stdout.readline()
            if not line.endswith(b"\n"):
                yield _LIMIT
                return
            yield json.loads(line)

    def _running(self) -> subprocess.Popen[bytes]:
        # A forked child must not share the pipes of its parent.
        if self._process is None or self._owner != os.getpid():
            self._process, self._owner = _start(), os.getpid()
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        process.kill()
        process.communicate()

    def close(self) -> None:
        """End the process, if it was started."""
        with self._lock:
            self._stop()


_LIMIT = Rejection("it exceeds the limit on time or memory", limit=True)
_NOT_JSON = Rejection("a message cannot be written as JSON")


_LOADER_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME", "SYSTEMROOT")


def _start() -> subprocess.Popen[bytes]:
    """Start the process.

    Raises:
        SettingError: It does not start.
    """
    # The process finds the interpreter and packages of this one, and gets nothing else of its environment.
    env = {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"}
    env |= {name: os.environ[name] for name in _LOADER_VARIABLES if name in os.environ}
    command = [sys.executable, "-P", str(Path(__file__).with_name("worker.py"))]
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env
        )
        ready = cast("IO[bytes]", process.stdout).readline()
        reason = "" if ready else f"exit status {process.wait()}"
    except OSError as error:
        reason = str(error.strerror)
    if reason:
        raise SettingError(
            f"The process that renders chat templates does not start ({reason}).",
            "Check the limits on memory and processes (ulimit -a), and that this Python can import jinja2.",
        )
    return process


def _requests(conversations: Sequence[Sequence[Mapping[str, Any]]]) -> Iterator[list[bytes | None]]:
    """Yield conversations as JSON in groups of limited size, ``None`` for one that cannot be written as JSON."""
    rows: list[bytes | None] = []
    size = 0
    for conversation in conversations:
        rows.append(_to_json(conversation))
        size += len(rows[-1] or b"")
        if size >= _REQUEST_BYTES:
            yield rows
            rows, size = [], 0
    if rows:
        yield rows


def _to_json(conversation: Sequence[Mapping[str, Any]]) -> bytes | None:
    try:
        return json.dumps(conversation).encode()
    except (TypeError, ValueError, RecursionError):
        return None


def _text(reply: dict[str, Any] | Rejection | None) -> str | Rejection | None:
    if reply is None:
        return None
    return str(reply["text"]) if isinstance(reply, dict) and "text" in reply else _rejection(reply)


def _rejection(reply: dict[str, Any] | Rejection) -> Rejection:
    if isinstance(reply, Rejection):
        return reply
    return Rejection(" ".join(str(reply["error"]).split())[:200], bool(reply.get("limit")))


PROCESS = TemplateProcess()
"""The process that renders the chat templates of this one."""

atexit.register(PROCESS.close)
