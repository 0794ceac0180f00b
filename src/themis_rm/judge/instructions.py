"""Inverse instructions: a language model writes the request that two versions of a piece of code both answer.

The request must not favor one version: the prompt shows them without their labels and in an order drawn from the
pair's id, and a request that copies code from a version, or mentions versions, is rejected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from themis_rm.endpoints.chat import ChatEndpoint
from themis_rm.endpoints.reasoning import answer_start
from themis_rm.endpoints.settings import ChatSettings
from themis_rm.messages import conversation
from themis_rm.storage.digests import stable_id
from themis_rm.storage.jsonl_cache import JsonlCache
from themis_rm.threads import thread_pool

STYLES = (
    "an exercise set to graduate students",
    "a question on a general question-and-answer site",
    "a question that a programmer asks other programmers on a technical forum",
    "a few words typed into a search engine",
    "a problem statement of a programming contest",
)
"""The five styles of requests; the style of a pair is drawn from its id."""

MAX_WORDS = 150
_COPIED_TOKENS = 8
_TOKEN = re.compile(r"\w+|[^\w\s]")
_REQUEST = re.compile(r"<request>(.*?)</request>", re.DOTALL)
_MENTIONS_VERSIONS = re.compile(r"(?i)\b(first|second|other|both|either|two) versions?\b|\bversion [ab12]\b|<version>")


@dataclass(frozen=True, slots=True)
class CodeVersions:
    """Two versions of a piece of code that need a request.

    Attributes:
        id: Id of the pair.
        chosen: The better version.
        rejected: The worse version.
        language: Display name of the programming language.
        facts: Further facts for the prompt, such as names or a signature. They must not reveal the better version.
    """

    id: str
    chosen: str
    rejected: str
    language: str
    facts: str = ""


@dataclass(frozen=True, slots=True)
class Instruction:
    """A written request, or the reason why there is none.

    Attributes:
        id: Id of the pair.
        text: The request; empty for a failure.
        style: One of :data:`STYLES`.
        failure: ``no-request``, ``copies-code``, ``mentions-versions``, ``too-long`` or a failure of the endpoint.
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
    """Return the style of a pair's request."""
    return STYLES[int(stable_id("style", pair_id)[:8], 16) % len(STYLES)]


def render_prompt(versions: CodeVersions) -> str:
    """Return the prompt for two versions; their order is drawn from the pair's id."""
    ordered = [versions.chosen, versions.rejected]
    if int(stable_id("order", versions.id)[:8], 16) % 2:
        ordered.reverse()
    return _template().render(
        language=versions.language,
        first=ordered[0].strip("\n"),
        second=ordered[1].strip("\n"),
        facts=versions.facts,
        style=style_of(versions.id),
        words=MAX_WORDS,
    )


def parse_request(text: str, versions: CodeVersions) -> tuple[str, str]:
    """Return the request in a model's response and an empty failure, or an empty request and the failure.

    The response must contain exactly one request after any closed block of reasoning; an unclosed block is a failure.
    """
    start = answer_start(text)
    matches = [] if start is None else _REQUEST.findall(text[start:])
    if len(matches) != 1 or not matches[0].strip():
        return "", "no-request"
    request = matches[0].strip()
    if len(request.split()) > 2 * MAX_WORDS:
        return "", "too-long"
    if _MENTIONS_VERSIONS.search(request):
        return "", "mentions-versions"
    if _ngrams(request) & (_ngrams(versions.chosen) | _ngrams(versions.rejected)):
        return "", "copies-code"
    return request, ""


def _ngrams(text: str) -> set[tuple[str, ...]]:
    tokens = _TOKEN.findall(text)
    return {tuple(tokens[i : i + _COPIED_TOKENS]) for i in range(len(tokens) - _COPIED_TOKENS + 1)}


def write_instructions(
    versions: Iterable[CodeVersions], settings: ChatSettings, cache_path: str | Path
) -> Iterator[Instruction]:
    """Have a language model write requests, in the order of the input.

    Args:
        versions: Pairs; streamed, a few batches at a time.
        settings: The model.
        cache_path: JSONL file of responses. A prompt is sent to the same model once, so that an interrupted job
            resumes. Failures of the endpoint are not cached.

    Raises:
        InputError: The endpoint cannot be used at all.
    """
    endpoint = ChatEndpoint(settings)
    model = endpoint.settings.cache_key()
    stream = iter(versions)
    failures: dict[str, str] = {}
    with JsonlCache(Path(cache_path), ("text",)) as cached, thread_pool(settings.max_concurrency) as pool:
        while batch := list(islice(stream, 4 * settings.max_concurrency)):
            prompts = [render_prompt(item) for item in batch]
            keys = [stable_id(prompt, model) for prompt in prompts]
            missing = {
                key: prompt
                for key, prompt in zip(keys, prompts, strict=True)
                if key not in cached.rows and key not in failures
            }
            replies = pool.map(lambda prompt: endpoint.complete(conversation(None, prompt)), missing.values())
            for key, reply in zip(missing, replies, strict=True):
                if reply.failure:
                    failures[key] = reply.failure
                else:
                    cached.add(key, {"text": reply.text or ""})
            for key, item in zip(keys, batch, strict=True):
                yield _instruction(item, cached.rows[key]["text"] if key in cached.rows else "", failures.get(key, ""))


def _instruction(item: CodeVersions, text: str, failure: str) -> Instruction:
    request, reason = ("", failure) if failure else parse_request(text, item)
    return Instruction(item.id, request, style_of(item.id), reason)
