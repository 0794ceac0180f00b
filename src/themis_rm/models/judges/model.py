"""A generative reward model: sends each conversation to a chat model and parses a score from its response."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Literal

from themis_rm.endpoints.chat import ChatEndpoint, ChatReply
from themis_rm.endpoints.reasoning import answer_start
from themis_rm.errors import SettingError
from themis_rm.messages import Conversation, conversation, is_unicode, text_of
from themis_rm.models.judges.answers import UNCLOSED_REASONING
from themis_rm.models.judges.cache import Judgment, JudgmentCache
from themis_rm.models.judges.control_tokens import has_control_tokens
from themis_rm.models.judges.interface import JUDGES, JudgeInterface, judge_input
from themis_rm.models.judges.prompt_templates import PromptTemplates, load_prompts
from themis_rm.models.judges.quotations import parse_own_score
from themis_rm.models.judges.shared_answers import SharedAnswers
from themis_rm.models.protocol import (
    CONTROL_TOKENS,
    NO_LOGPROBS,
    NO_RESPONSE,
    NOT_UNICODE,
    PROMPT_TOO_LONG,
    TRANSIENT_FAILURES,
    ModelIdentity,
    Score,
    response_of,
)
from themis_rm.models.settings import ControlTokenMode, JudgeSettings, ModelSettings
from themis_rm.storage.digests import stable_id
from themis_rm.threads import thread_pool

DEFAULT_INTERFACE = "rubric"

ALTERNATIVES = 20
"""Alternatives requested for each token: the most that servers usually return."""


NOT_CACHED = TRANSIENT_FAILURES | {PROMPT_TOO_LONG, "empty"}
"""Failures that depend on the server, so that the same judge may not fail again."""


@dataclass(frozen=True, slots=True)
class _ParsedSample:
    """One sampled response, parsed."""

    reward: float | None = None
    stated: float | None = None
    mass: float | None = None
    failure: str = ""


class Judge:
    """A chat model that scores conversations through a judge interface.

    Args:
        name: Name of the model in results.
        settings: Sampling, reward and cache.
        interface: See :class:`JudgeInterface`.
        prompts: Prompts of the interface.
        endpoint: The chat model.
        logprobs: Whether the server returns log-probabilities; without them every reward is the stated score.
        control_tokens: See :func:`judge_input`.
    """

    def __init__(
        self,
        name: str,
        settings: JudgeSettings,
        interface: JudgeInterface,
        prompts: PromptTemplates,
        endpoint: ChatEndpoint,
        logprobs: bool,
        control_tokens: ControlTokenMode = "text",
    ) -> None:
        self.settings = settings
        self.interface = interface
        self.prompts = prompts
        self._endpoint = endpoint
        self._control_tokens = control_tokens
        self._uses_expectation = settings.reward == "expected" and logprobs
        self._template = _template(interface, settings)
        self._first_turns = SharedAnswers(self._request_first_turn)
        thinking = None if self._template is None else self._template["enable_thinking"]
        facts: dict[str, str | int] = {
            "model": endpoint.settings.served_model_name,
            "interface": interface.name,
            "prompts": prompts.digest,
            "fence": "numbered tags" if settings.fence else "none",
            "control_tokens": control_tokens,
            "criteria": "in the prompt" if prompts.uses("criteria") else "in front of the request",
            "reward": "expected" if self._uses_expectation else "stated",
            "temperature": _temperature(settings, endpoint),
            "system_role": endpoint.system_role,
            "samples": settings.samples,
            "max_tokens": settings.max_tokens,
            "seed": "none" if settings.seed is None else settings.seed,
            "thinking": {None: "template default", True: "on", False: "off"}[thinking],
        }
        if changes := _describe_changes(endpoint):
            facts["changed_parameters"] = changes
        if settings.reward == "expected" and not logprobs:
            facts["log_probabilities"] = "none from the server: rewards are the stated scores, and tie"
        digest = stable_id("judge", *(part for key, value in sorted(facts.items()) for part in (key, str(value))))
        self._cache = JudgmentCache(settings.cache_path, digest) if settings.cache_path else None
        self.identity = ModelIdentity(name, f"judge:{interface.name}", digest, facts, judge=True)

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return one score per conversation, in their order.

        Raises:
            InputError: The server cannot be reached, does not know the model, or rejects the API key.
        """
        return [judgment.score for judgment in self.judge(conversations)]

    def judge(self, conversations: Sequence[Conversation]) -> list[Judgment]:
        """Return the scores with the responses of the judge, in the order of the conversations.

        Raises:
            InputError: See :meth:`score`.
        """
        if not conversations:
            return []
        with thread_pool(min(self.settings.max_concurrency, len(conversations))) as pool:
            return list(pool.map(self.judge_one, conversations))

    def judge_one(self, conversation: Conversation) -> Judgment:
        """Judge one conversation.

        Raises:
            InputError: See :meth:`score`.
        """
        if response_of(conversation) is None:
            return Judgment(Score.failed(NO_RESPONSE))
        if not all(is_unicode(message["content"]) for message in conversation):
            return Judgment(Score.failed(NOT_UNICODE))
        if self._cache is None:
            return self._request(conversation)
        key = self._cache.key(conversation)
        judgment = self._cache.get(key)
        if judgment is None:
            judgment = self._request(conversation)
            if NOT_CACHED.isdisjoint({judgment.score.failure, *judgment.failures}):
                self._cache.add(key, judgment)
        return judgment

    def _request(self, conversation: Conversation) -> Judgment:
        judged = judge_input(conversation, self.prompts, self.settings.fence, self._control_tokens)
        first = ""
        if self.interface.first_turn is not None:
            first, failure = self._first_turns.get(self.interface.first_turn(self.prompts, judged))
            if failure:
                return Judgment(Score.failed(failure, first))
        replies = self._endpoint.sample(
            self.interface.messages(self.prompts, judged, first),
            samples=self.settings.samples,
            top_logprobs=ALTERNATIVES if self._uses_expectation else 0,
            template=self._template,
        )
        shown = [text_of(turn) for turn in judged.turns]
        judgment = _combine(replies, [self._parse(reply, shown) for reply in replies])
        if self._control_tokens == "published" or not any(has_control_tokens(text_of(turn)) for turn in conversation):
            return judgment
        return replace(judgment, score=replace(judgment.score, notes=(CONTROL_TOKENS,)))

    def _request_first_turn(self, prompt: str) -> tuple[str, str]:
        reply = self._endpoint.sample([{"role": "user", "content": prompt}], template=self._template)[0]
        if reply.text is None:
            return reply.detail, reply.failure
        start = answer_start(reply.text)
        if start is None:
            return "", UNCLOSED_REASONING
        answer = reply.text[start:].strip()
        return (answer, "") if answer else ("", "empty")

    def _parse(self, reply: ChatReply, shown: Sequence[str]) -> _ParsedSample:
        if reply.text is None:
            return _ParsedSample(failure=reply.failure)
        parsed = parse_own_score(reply.text, shown, self.interface.parse, self.interface.several_scores)
        if parsed.value is None:
            return _ParsedSample(failure=parsed.failure)
        if not self._uses_expectation:
            return _ParsedSample(parsed.value, parsed.value)
        expected = self.interface.expect(reply.tokens, reply.text, parsed, self.interface.scale)
        if expected is not None:
            return _ParsedSample(expected.value, parsed.value, expected.mass)
        if self.interface.stated_is_comparable:
            return _ParsedSample(parsed.value, parsed.value)
        return _ParsedSample(failure=NO_LOGPROBS)


def _combine(replies: Sequence[ChatReply], samples: Sequence[_ParsedSample]) -> Judgment:
    """Return the mean over the samples with a score; the most frequent failure if there is none."""
    rewards = [sample.reward for sample in samples if sample.reward is not None]
    stated = [sample.stated for sample in samples if sample.stated is not None]
    masses = [sample.mass for sample in samples if sample.mass is not None]
    texts = tuple(reply.text or "" for reply in replies)
    failures = tuple(sample.failure for sample in samples)
    if not rewards:
        # Of equally frequent failures the first one: most_common keeps their order.
        reason = Counter(failures).most_common(1)[0][0]
        return Judgment(Score.failed(reason, replies[failures.index(reason)].detail), texts, failures)
    score = Score(fmean(rewards), tokens=max(reply.prompt_tokens for reply in replies), stated=fmean(stated))
    return Judgment(score, texts, failures, fmean(masses) if masses else None)


def load(name: str, settings: ModelSettings, interface: str = "") -> Judge:
    """Load a generative judge.

    Args:
        name: Name of the model in results.
        settings: ``settings.judge`` has the server and the sampling.
        interface: Interface of the published model; ``settings.judge.interface`` has precedence, and without either it
            is ``rubric``.

    Raises:
        SettingError: ``settings.judge`` is missing, or something in it or in the prompts is not allowed.
        InputError: The server cannot be used, or the prompts cannot be read.
        MissingExtraError: httpx or tenacity is not installed.
    """
    judge = settings.judge
    if judge is None:
        raise SettingError(
            f"{name} is a generative judge, and no server is given.", "Set judge.url and judge.served_model_name."
        )
    chosen = JUDGES.get(judge.interface or interface or DEFAULT_INTERFACE)
    prompts = load_prompts(judge.prompt_file or chosen.prompt_file, chosen.templates, chosen.required)
    endpoint = ChatEndpoint(judge, "judge.")
    logprobs = _try_out(endpoint, chosen, prompts, judge, settings.system_role)
    return Judge(name, judge, chosen, prompts, endpoint, logprobs, settings.control_tokens)


def _try_out(
    endpoint: ChatEndpoint, interface: JudgeInterface, prompts: PromptTemplates, judge: JudgeSettings, policy: str
) -> bool:
    """Adapt the endpoint to the server; return whether the responses have log-probabilities.

    Args:
        endpoint: The chat model.
        interface: Interface of the judge.
        prompts: Its prompts.
        judge: Its settings.
        policy: ``model.system_role``: what to do with a refused system message.

    Raises:
        InputError: The server refuses the roles or parameters that will be used.
    """
    messages = interface.messages(prompts, judge_input(conversation(None, "Request", "Response"), prompts), "Criteria")
    if judge.system_role == "fold":
        endpoint.system_role = "folded"
    refused: dict[str, Literal["folded", "dropped"]] = {"fold": "folded", "drop": "dropped"}
    return endpoint.try_out(
        [message["role"] for message in messages],
        ALTERNATIVES if judge.reward == "expected" else 0,
        _template(interface, judge),
        refused.get(policy) if judge.system_role == "auto" else None,
    )


def _template(interface: JudgeInterface, settings: JudgeSettings) -> dict[str, bool] | None:
    """Return the arguments of the judge's chat template."""
    thinking = interface.thinking if settings.thinking is None else settings.thinking
    return None if thinking is None else {"enable_thinking": thinking}


def _temperature(settings: JudgeSettings, endpoint: ChatEndpoint) -> str:
    if "temperature" in endpoint.changes:
        return f"the server's default, {settings.temperature:g} is refused"
    return f"{settings.temperature:g}"


def _describe_changes(endpoint: ChatEndpoint) -> str:
    """Return which parameters the server does not support, apart from the name of ``max_tokens``."""
    changes = {name: value for name, value in endpoint.changes.items() if name != "max_tokens"}
    return ", ".join(name if value is None else f"{name}={value}" for name, value in sorted(changes.items()))
