"""A generative reward model: asks an endpoint about each conversation and reads a score out of what comes back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import fmean

from themis_rm.errors import SettingError
from themis_rm.judge.endpoint import Endpoint, EndpointSettings, Reply
from themis_rm.models.judges import ce_rm, lmunit, nemotron_genrm, r3, rubric
from themis_rm.models.judges.answers import Answers, Opinion
from themis_rm.models.judges.interface import JudgeInterface, case_of
from themis_rm.models.judges.parsing import OPEN_THOUGHTS, answer_start
from themis_rm.models.judges.shared import Shared
from themis_rm.models.judges.wording import Wording, load_wording
from themis_rm.models.protocol import NO_RESPONSE, NOT_UNICODE, ModelIdentity, Score, is_unicode, response_of
from themis_rm.models.settings import Interface, JudgeSettings, ModelSettings
from themis_rm.prompts import Conversation
from themis_rm.storage.digests import stable_id

INTERFACES: dict[Interface, JudgeInterface] = {
    "rubric": rubric.INTERFACE,
    "ce-rm": ce_rm.INTERFACE,
    "nemotron-genrm": nemotron_genrm.INTERFACE,
    "lmunit": lmunit.INTERFACE,
    "r3": r3.INTERFACE,
}

ALTERNATIVES = 20
"""Alternatives asked for at each token: the most that servers commonly give."""

NO_LOGPROBS = "no-logprobs"


TRANSIENT = {"timeout", "endpoint-error", NO_LOGPROBS}
"""Failures that may be gone the next time; what was kept of a run does not hold them."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """One sample, read."""

    reward: float | None = None
    stated: float | None = None
    mass: float | None = None
    failure: str = ""


class Judge:
    """A chat model that is asked for scores in the way of an interface.

    Args:
        name: What results call it.
        settings: How it is asked.
        interface: See :class:`JudgeInterface`.
        wording: Of the interface's prompts.
        endpoint: Where it answers.
        logprobs: Whether log-probabilities come with the answers; without them every reward is the stated score.
    """

    def __init__(
        self,
        name: str,
        settings: JudgeSettings,
        interface: JudgeInterface,
        wording: Wording,
        endpoint: Endpoint,
        logprobs: bool,
    ) -> None:
        self.settings = settings
        self.interface = interface
        self.wording = wording
        self._endpoint = endpoint
        self._expects = settings.reward == "expected" and logprobs
        thinks = interface.thinking if settings.thinking is None else settings.thinking
        self._template = None if thinks is None else {"enable_thinking": thinks}
        self._first_answers = Shared(self._ask_first)
        facts: dict[str, str | int] = {
            "model": endpoint.settings.model,
            "interface": interface.name,
            "wording": wording.digest,
            "criteria": "their own place" if wording.uses("criteria") else "in front of the request",
            "reward": "expected" if self._expects else "stated",
            "temperature": f"{settings.temperature:g}",
            "samples": settings.samples,
            "max_tokens": settings.max_tokens,
            "seed": "none" if settings.seed is None else settings.seed,
            "thinking": "as the template has it" if thinks is None else ("on" if thinks else "off"),
        }
        if settings.reward == "expected" and not logprobs:
            facts["log_probabilities"] = "none from the server: rewards are the written scores, and tie"
        parts = [part for key, value in sorted(facts.items()) for part in (key, str(value))]
        digest = stable_id("judge", *parts)
        self._answers = Answers(settings.answers, digest) if settings.answers else None
        self.identity = ModelIdentity(name, f"judge:{interface.name}", digest, facts, judge=True)

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return a score per conversation, in their order.

        Raises:
            InputError: The server cannot be reached, does not know the model, or refuses the key.
        """
        return [opinion.score for opinion in self.opinions(conversations)]

    def opinions(self, conversations: Sequence[Conversation]) -> list[Opinion]:
        """Return scores together with what the judge wrote, in the order of the conversations.

        Raises:
            InputError: As for :meth:`score`.
        """
        if not conversations:
            return []
        with ThreadPoolExecutor(min(self.settings.parallel, len(conversations))) as pool:
            return list(pool.map(self.opinion, conversations))

    def opinion(self, conversation: Conversation) -> Opinion:
        """Ask about one conversation.

        Raises:
            InputError: As for :meth:`score`.
        """
        if response_of(conversation) is None:
            return Opinion(Score.failed(NO_RESPONSE))
        if not all(is_unicode(message["content"]) for message in conversation):
            return Opinion(Score.failed(NOT_UNICODE))
        if self._answers is None:
            return self._ask(conversation)
        key = self._answers.key(conversation)
        opinion = self._answers.get(key)
        if opinion is None:
            opinion = self._ask(conversation)
            if TRANSIENT.isdisjoint({opinion.score.failure, *opinion.failures}):
                self._answers.keep(key, opinion)
        return opinion

    def _ask(self, conversation: Conversation) -> Opinion:
        case = case_of(conversation, self.wording)
        made = ""
        if self.interface.first is not None:
            made, failure = self._first_answers.get(self.interface.first(self.wording, case))
            if failure:
                return Opinion(Score.failed(failure))
        replies = self._endpoint.ask_for(
            self.interface.messages(self.wording, case, made),
            samples=self.settings.samples,
            top_logprobs=ALTERNATIVES if self._expects else 0,
            template=self._template,
        )
        return _opinion(replies, [self._read(reply) for reply in replies])

    def _ask_first(self, question: str) -> tuple[str, str]:
        reply = self._endpoint.ask_for([{"role": "user", "content": question}], template=self._template)[0]
        if reply.text is None:
            return "", reply.failure
        start = answer_start(reply.text)
        if start is None:
            return "", OPEN_THOUGHTS
        made = reply.text[start:].strip()
        return (made, "") if made else ("", "empty")

    def _read(self, reply: Reply) -> _Reading:
        if reply.text is None:
            return _Reading(failure=reply.failure)
        parsed = self.interface.parse(reply.text)
        if parsed.value is None:
            return _Reading(failure=parsed.failure)
        if not self._expects:
            return _Reading(parsed.value, parsed.value)
        weighed = self.interface.weigh(reply.tokens, reply.text, parsed, self.interface.grid)
        if weighed is not None:
            return _Reading(weighed.value, parsed.value, weighed.mass)
        if self.interface.stated_for_lack:
            return _Reading(parsed.value, parsed.value)
        return _Reading(failure=NO_LOGPROBS)


def _opinion(replies: Sequence[Reply], readings: Sequence[_Reading]) -> Opinion:
    """Return the mean over the samples that were read; the most frequent failure where none was."""
    rewards = [reading.reward for reading in readings if reading.reward is not None]
    stated = [reading.stated for reading in readings if reading.stated is not None]
    masses = [reading.mass for reading in readings if reading.mass is not None]
    texts = tuple(reply.text or "" for reply in replies)
    failures = tuple(reading.failure for reading in readings)
    if not rewards:
        # Of equally frequent ones the first: most_common keeps their order.
        return Opinion(Score.failed(Counter(failures).most_common(1)[0][0]), texts, failures)
    score = Score(fmean(rewards), tokens=max(reply.read for reply in replies), stated=fmean(stated))
    return Opinion(score, texts, failures, fmean(masses) if masses else None)


def load(name: str, settings: ModelSettings, interface: Interface | None = None) -> Judge:
    """Load a generative judge.

    Args:
        name: What results call it.
        settings: ``settings.judge`` says where and how it is asked.
        interface: How the model is published to be asked; ``settings.judge.interface`` goes over it, without either
            it is ``rubric``.

    Raises:
        SettingError: There is no ``settings.judge``, or something in it or in the wording is not allowed.
        InputError: The server cannot be used, or the wording cannot be read.
        MissingExtraError: The openai package is not installed.
    """
    judge = settings.judge
    if judge is None:
        raise SettingError(
            f"{name} is a generative judge and no server is given.", "Set judge.url and judge.served_as."
        )
    way = INTERFACES[judge.interface or interface or "rubric"]
    wording = load_wording(way.name, way.templates, way.needed, judge.wording)
    chosen = EndpointSettings(
        url=judge.url,
        model=judge.served_as,
        key_variable=judge.key_variable,
        temperature=judge.temperature,
        max_tokens=judge.max_tokens,
        seconds=judge.seconds,
        retries=judge.retries,
        parallel=judge.parallel,
        seed=judge.seed,
    )
    endpoint = Endpoint(chosen)
    if not chosen.model:
        endpoint = Endpoint(chosen.model_copy(update={"model": endpoint.models()[0]}))
    logprobs = judge.reward == "expected" and endpoint.gives_logprobs(ALTERNATIVES)
    return Judge(name, judge, way, wording, endpoint, logprobs)
