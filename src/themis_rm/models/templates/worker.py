"""The process that renders chat templates: a sandbox with limits on time, memory and output.

A chat template is a program that comes with a checkpoint. It may loop for ever, or build texts that fill the memory, in
a single call that nothing inside a process can interrupt. So it runs here, in a process without other work, and the
operating system enforces the limits. :mod:`themis_rm.models.templates.process` starts it, as a script that imports
nothing of this package, and sends one JSON object per line.
"""

from __future__ import annotations

import contextlib
import json
import random
import resource
import signal
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NoReturn

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

SECONDS = 1
"""Seconds of CPU time for a template and a conversation of up to one megabyte."""
MEMORY = 1 << 30
"""Bytes of address space."""
OUTPUT = 1 << 24
"""Characters that a rendering may have in addition to four times those of the conversation."""

SEARCHES = frozenset(
    {
        *("split", "rsplit", "partition", "rpartition", "startswith", "endswith", "find", "rfind", "index", "count"),
        *("replace", "strip", "lstrip", "rstrip", "removeprefix", "removesuffix"),
    }
)
"""Methods of texts whose arguments a template looks for."""


class TimeLimitError(BaseException):
    """The CPU time is used up. No ``except Exception`` of a library catches it."""


class GenerationTag(Extension):
    """The tags ``generation`` and ``endgeneration``, with which training libraries find the tokens of the assistant."""

    tags = {"generation"}  # noqa: RUF012

    def parse(self, parser: Parser) -> nodes.Node:
        """Return the statements between the tags."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body, lineno=line)


def environment(now: str = "2000-01-01") -> jinja2.Environment:
    """Return the environment that transformers renders chat templates in, with a fixed clock."""
    created = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[GenerationTag, loopcontrols]
    )
    created.filters["tojson"] = to_json
    created.globals |= {"raise_exception": raise_exception, "strftime_now": datetime.fromisoformat(now).strftime}
    return created


def to_json(
    value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False
) -> str:
    """Return JSON without the HTML escapes of Jinja's own filter."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message: str) -> NoReturn:
    """Reject a conversation, for templates."""
    raise jinja2.TemplateError(message)


@lru_cache(maxsize=16)
def compiled(source: str, now: str) -> jinja2.Template:
    """Return the compiled template, for which it is always the same time."""
    return environment(now).from_string(source)


def searched_texts(source: str) -> list[str]:
    """Return the texts that a template compares with or looks for, in messages or elsewhere."""
    tree = environment().parse(source)
    compared: list[nodes.Node] = list(tree.find_all(nodes.Compare))
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Getattr) and call.node.attr in SEARCHES:
            compared += call.args
    for changed in tree.find_all(nodes.Filter):
        if changed.name == "replace":
            compared += changed.args
    constants = [item for node in compared for item in (node, *node.find_all(nodes.Const))]
    return sorted({item.value for item in constants if isinstance(item, nodes.Const) and isinstance(item.value, str)})


def compile_template(source: str, now: str) -> dict[str, Any]:
    """Return what is known of a template without rendering it."""
    compiled(source, now)
    return {"searched": searched_texts(source)}


def render(source: str, now: str, variables: Mapping[str, Any], messages: Any, size: int) -> dict[str, Any]:
    """Return the rendering of a conversation."""
    random.seed(0)  # for templates that draw, so that scores do not change
    values = {"messages": messages, "tools": None, "documents": None, "add_generation_prompt": False, **variables}
    text = compiled(source, now).render(values)
    if len(text) > OUTPUT + 4 * size:
        return {"error": f"its text is longer than {OUTPUT} characters", "limit": True}
    return {"text": text}


def limited(work: Any, *args: Any, size: int = 0) -> dict[str, Any]:
    """Return the reply of a function, or the error that it raises, within the CPU time."""
    seconds = SECONDS + (size >> 20)
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    # A single long call into C cannot be interrupted by the timer: the kernel ends the process a second later.
    resource.setrlimit(resource.RLIMIT_CPU, (int(used) + seconds + 2, hard))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return dict(work(*args))
    except TimeLimitError:
        return {"error": f"it takes more than {seconds} s", "limit": True}
    except MemoryError:
        return {"error": f"it needs more than {MEMORY >> 20} MiB", "limit": True}
    except jinja2.TemplateSyntaxError as error:
        return {"error": f"line {error.lineno}: {error.message}"}
    except jinja2.TemplateError as error:
        return {"error": str(error.message or type(error).__name__)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def replies(lines: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    """Yield one reply per conversation of each request; a request without conversations is about the template."""
    for line in lines:
        request = json.loads(line)
        rows = [next(lines) for _ in range(request["rows"])]
        source, now = request["template"], request["now"]
        if not rows:
            yield limited(compile_template, source, now)
        for row in rows:
            messages, size = json.loads(row), len(row)
            yield limited(render, source, now, request["variables"], messages, size, size=size)


def main() -> None:
    """Reply to the requests on standard input until it is closed."""
    for kind, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
        hard = resource.getrlimit(kind)[1]
        with contextlib.suppress(ValueError, OSError):  # macOS does not limit the address space
            resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller ends this process by closing its input
    signal.signal(signal.SIGPROF, _raise_time_limit)
    write({"ready": True})
    for reply in replies(iter(sys.stdin.buffer)):
        write(reply)


def write(reply: Mapping[str, Any]) -> None:
    """Write a line of standard output."""
    sys.stdout.buffer.write(json.dumps(reply).encode() + b"\n")
    sys.stdout.buffer.flush()


def _raise_time_limit(*_: object) -> NoReturn:
    raise TimeLimitError


if __name__ == "__main__":
    main()
