"""Inverse instructions: a model writes the request that two versions of a piece of code both answer.

The request must not favor a side: the versions are shown without their label and in an order drawn by id, and a text
that copies code of one of them, or speaks of versions, is not taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from themis_rm.judge.endpoint import Endpoint, EndpointSettings
from themis_rm.prompts import conversation
from themis_rm.storage.digests import stable_id
from themis_rm.storage.jsonl_cache import JsonlCache

STYLES = (
    "an exercise set to graduate students",
    "a question on a general question-and-answer site",
    "a question that a programmer asks other programmers on a technical forum",
    "a few words typed into a search engine",
    "a problem statement of a programming contest",
)
"""The five manners in which requests are written; each pair's is drawn by its id."""

MOST_WORDS = 150
_QUOTED_TOKENS = 8
_TOKEN = re.compile(r"\w+|[^\w\s]")
_REQUEST = re.compile(r"<request>(.*?)</request>", re.DOTALL)
_TELLING = re.compile(r"(?i)\b(first|second|other|both|either|two) versions?\b|\bversion [ab12]\b|<version>")


@dataclass(frozen=True, slots=True)
class Versions:
    """Two versions of code that need a request.

    Attributes:
        id: Names the pair.
        chosen: The better version.
        rejected: The worse one.
        language: Name of the language, for people.
        facts: What else is known: names, a signature. Nothing that tells the sides apart.
    """

    id: str
    chosen: str
    rejected: str
    language: str
    facts: str = ""


@dataclass(frozen=True, slots=True)
class Instruction:
    """A written request, or why there is none.

    Attributes:
        id: Of the pair.
        text: The request; empty for a failure.
        style: One of :data:`STYLES`.
        failure: ``no-request``, ``quotes-code``, ``tells-versions``, ``too-long`` or a failure of the endpoint.
    """

    id: str
    text: str
    style: str
    failure: str = ""


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("themis_rm.judge"),
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=False,
    )
    return environment.get_template("instruction.md.j2")


def style_of(pair_id: str) -> str:
    """Return the manner in which a pair's request is written."""
    return STYLES[int(stable_id("style", pair_id)[:8], 16) % len(STYLES)]


def render(versions: Versions) -> str:
    """Return the prompt for two versions; which stands first is drawn by the pair's id."""
    sides = [versions.chosen, versions.rejected]
    if int(stable_id("order", versions.id)[:8], 16) % 2:
        sides.reverse()
    return _template().render(
        language=versions.language,
        first=sides[0].strip("\n"),
        second=sides[1].strip("\n"),
        facts=versions.facts,
        style=style_of(versions.id),
        words=MOST_WORDS,
    )


def read_reply(text: str, versions: Versions) -> tuple[str, str]:
    """Return the request in a model's answer and an empty reason, or an empty request and why there is none.

    Exactly one request must stand there, behind any closed block of thoughts; a block left open holds no answer.
    """
    if text.count("<think>") > text.count("</think>"):
        return "", "no-request"
    found = _REQUEST.findall(text.rpartition("</think>")[2])
    if len(found) != 1 or not found[0].strip():
        return "", "no-request"
    request = found[0].strip()
    if len(request.split()) > 2 * MOST_WORDS:
        return "", "too-long"
    if _TELLING.search(request):
        return "", "tells-versions"
    grams = _grams(request)
    if grams & (_grams(versions.chosen) | _grams(versions.rejected)):
        return "", "quotes-code"
    return request, ""


def _grams(text: str) -> set[tuple[str, ...]]:
    tokens = _TOKEN.findall(text)
    return {tuple(tokens[i : i + _QUOTED_TOKENS]) for i in range(len(tokens) - _QUOTED_TOKENS + 1)}


def write_instructions(versions: Iterable[Versions], settings: EndpointSettings, memory: Path) -> Iterator[Instruction]:
    """Have requests written, in the order of the input.

    Args:
        versions: Pairs; streamed, a few batches at a time.
        settings: The model.
        memory: JSONL file of what was written before: the same question to the same model is asked once, so that a job
            that was killed goes on where it was. Failures of the endpoint are not remembered.

    Raises:
        InputError: The endpoint cannot be used at all.
    """
    endpoint = Endpoint(settings)
    stream = iter(versions)
    failed: dict[str, str] = {}
    with JsonlCache(memory, ("text",)) as known, ThreadPoolExecutor(settings.parallel) as pool:
        while batch := list(islice(stream, 4 * settings.parallel)):
            asked = [(item, render(item)) for item in batch]
            keys = [stable_id(prompt, settings.answers()) for _, prompt in asked]
            missing = {
                key: prompt
                for key, (_, prompt) in zip(keys, asked, strict=True)
                if key not in known.rows and key not in failed
            }
            replies = pool.map(lambda prompt: endpoint.ask(conversation(None, prompt)), missing.values())
            for key, reply in zip(missing, replies, strict=True):
                if reply.failure:
                    failed[key] = reply.failure
                else:
                    known.add(key, {"text": reply.text or ""})
            for key, item in zip(keys, batch, strict=True):
                yield _instruction(item, known.rows[key]["text"] if key in known.rows else "", failed.get(key, ""))


def _instruction(item: Versions, text: str, failure: str) -> Instruction:
    request, reason = ("", failure) if failure else read_reply(text, item)
    return Instruction(item.id, request, style_of(item.id), reason)
