"""Judges end to end, with an HTTP server that implements chat completions."""

import hashlib
import json
import random
import time

import pytest

from themis_rm.errors import InputError, SettingError
from themis_rm.messages import conversation
from themis_rm.models.judges.interface import JUDGES
from themis_rm.models.judges.model import load
from themis_rm.models.loading import load_model
from themis_rm.models.protocol import RewardModel
from themis_rm.models.settings import JudgeSettings, ModelSettings

CRITERIA = "Grade the answer by its memory alone."
LAST = {
    "rubric": ("It holds one buffer.\n\nScore:", " 7", " 5", ""),
    "ce-rm": ("Memory: \\boxed{3}\nOverall: \\boxed{", "7", "5", "}"),
    "nemotron-genrm": ("It holds one buffer.\n\nFinal Judgment:", " Yes", " No", ""),
    "lmunit": ('{"score": "', "4", "2", '"}'),
    "r3": ('{"explanation": "One buffer.", "score": ', "4", "2", "}"),
}
"""Responses in each interface: text before the score, the score, its alternative, text after it."""
STATED = {"rubric": 7, "ce-rm": 7, "nemotron-genrm": 1, "lmunit": 4, "r3": 4}
EXPECTED = {"rubric": 6.5, "ce-rm": 6.5625, "nemotron-genrm": 1.0986123, "lmunit": 3.5, "r3": 3.5}
"""Expected scores if the written score has probability 3/4; the 5 of CE-RM may continue as 5.5, the 7 does not."""
ANSWERS = ["def f(x):\n    return x + 1", "x", "puts 1", "return <|endoftext|>", "änderbar 😀"]
CONVERSATIONS = [
    conversation(system, f"Request {number}", answer)
    for number, answer in enumerate(ANSWERS)
    for system in (None, CRITERIA)
]


def is_probe(body):
    return "Reply with the word" in body["messages"][0]["content"]


def is_first_turn(body):
    return body["messages"][0]["role"] == "user" and "numbered list" in body["messages"][-1]["content"]


def is_scoring(body):
    """Return whether this request is for a score."""
    return not is_probe(body) and not is_first_turn(body)


def grading(name, tokens=True, **choice):
    """Return a function that answers requests in the format of an interface."""
    before, score, other, after = LAST[name]

    def answer(body):
        if is_probe(body):
            return {"text": "yes", **({"tokens": [("yes", {"yes": 1.0})]} if tokens else {})}
        if is_first_turn(body):
            return "1. Memory: what the code holds."
        written = [(before, {before: 1.0}), (score, {score: 0.75, other: 0.25})]
        written += [(after, {after: 1.0})] if after else []
        return {"text": before + score + after, **({"tokens": written} if tokens else {}), **choice}

    return answer


def judge(chat, name="rubric", **settings):
    settings = {
        "url": chat.url,
        "served_model_name": "m",
        "max_retries": 0,
        "max_concurrency": 4,
        "interface": name,
        **settings,
    }
    return load("some/judge", ModelSettings(judge=JudgeSettings(**settings)))


def texts(body):
    return "\n".join(message["content"] for message in body["messages"])


@pytest.fixture(params=JUDGES.names())
def name(request):
    return request.param


def test_the_reward_is_the_expected_score(chat, name):
    chat.answer = grading(name)
    [score] = judge(chat, name).score([CONVERSATIONS[0]])
    assert score.reward == pytest.approx(EXPECTED[name])
    assert (score.stated, score.failure, score.tokens) == (STATED[name], "", 7)


def test_the_reward_is_the_stated_score_if_set(chat, name):
    chat.answer = grading(name)
    model = judge(chat, name, reward="stated")
    assert [score.reward for score in model.score(CONVERSATIONS[:2])] == [STATED[name]] * 2
    assert model.identity.facts["reward"] == "stated"
    assert not any("logprobs" in body for body in chat.asked)


def test_without_log_probabilities_the_reward_is_the_stated_score_and_the_identity_reports_it(chat, name):
    chat.answer = grading(name, tokens=False)
    model = judge(chat, name)
    assert [score.reward for score in model.score(CONVERSATIONS[:2])] == [STATED[name]] * 2
    assert model.identity.facts["reward"] == "stated"
    assert "none from the server" in model.identity.facts["log_probabilities"]


def test_the_prompt_contains_the_criteria(chat, name):
    chat.answer = grading(name)
    judge(chat, name).score([conversation(CRITERIA, "Request", "answer")])
    assert CRITERIA in texts([body for body in chat.asked if is_scoring(body)][-1])


def test_the_prompt_contains_request_and_response(chat, name):
    chat.answer = grading(name)
    judge(chat, name).score([conversation(None, "Reverse {{ a }} list", "xs[::-1] # {% raw %}")])
    prompt = texts([body for body in chat.asked if is_scoring(body)][-1])
    assert "Reverse {{ a }} list" in prompt
    assert "xs[::-1] # {% raw %}" in prompt


def test_each_interface_has_its_roles(chat, name):
    chat.answer = grading(name)
    judge(chat, name).score([conversation(CRITERIA, "Request", "answer")])
    asked = [body for body in chat.asked if is_scoring(body)][-1]
    roles = {
        "rubric": ["system", "user"],
        "ce-rm": ["user", "assistant", "user"],
        "nemotron-genrm": ["user", "assistant", "principle"],
        "lmunit": ["system", "user"],
        "r3": ["user"],
    }
    assert [message["role"] for message in asked["messages"]] == roles[name]


def test_the_prompt_contains_earlier_turns(chat, name):
    chat.answer = grading(name)
    turns = [("user", "Sum"), ("assistant", "Of what?"), ("user", "A list"), ("assistant", "sum(xs)")]
    judge(chat, name).score([[{"role": role, "content": text} for role, text in turns]])
    prompt = texts([body for body in chat.asked if is_scoring(body)][-1])
    assert [prompt.find(text) >= 0 for _, text in turns] == [True] * 4


@pytest.mark.parametrize("separate", [True, False])
def test_reasoning_does_not_count(chat, name, separate):
    before, score, other, after = LAST[name]
    reasoning = f"{before}{other}{after} perhaps"
    final = f"{before}{score}{after}"
    written = [(f"<think>{reasoning}</think>", {}), (before, {}), (score, {score: 0.75, other: 0.25}), (after, {})]

    def answer(body):
        if not is_scoring(body):
            return grading(name)(body)
        inline = {"text": f"<think>{reasoning}</think>{final}"}
        tokens = [(text, others or {text: 1.0}) for text, others in written if text]
        return {**({"reasoning": reasoning, "text": final} if separate else inline), "tokens": tokens}

    chat.answer = answer
    [score] = judge(chat, name).score([CONVERSATIONS[0]])
    assert score.reward == pytest.approx(EXPECTED[name])


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        ("I cannot say.", "parse-failed"),
        ("", "empty"),
        ("<think>Score: 7", "unclosed-reasoning"),
        (("Score: 7", "length"), "length-cut"),
        (("Score: 7", "content_filter"), "refused"),
        (500, "endpoint-error"),
        ((400, "maximum context length is 4096"), "prompt-too-long"),
    ],
)
def test_a_failed_response_is_a_failure_of_one_conversation(chat, name, answer, failure):
    good = grading(name)
    chat.answer = lambda body: answer if is_scoring(body) and "Request 2" in texts(body) else good(body)
    scores = judge(chat, name).score(CONVERSATIONS)
    assert [score.failure for score in scores] == [failure if 4 <= n < 6 else "" for n in range(len(scores))]
    assert all((score.reward is None) == bool(score.failure) for score in scores)


def test_a_score_outside_of_the_scale_is_a_failure(chat):
    chat.answer = lambda body: grading("rubric")(body) if is_probe(body) else "Score: 11"
    assert judge(chat).score(CONVERSATIONS[:1])[0].failure == "out-of-range"


def test_a_response_without_log_probabilities(chat, name):
    chat.answer = lambda body: grading(name, tokens=is_probe(body))(body)
    [score] = judge(chat, name).score(CONVERSATIONS[:1])
    if name == "nemotron-genrm":  # log-odds and a verdict are not on the same scale
        assert score.failure == "no-logprobs"
    else:
        assert score.reward == score.stated == STATED[name]


def test_the_mass_of_the_parsed_alternatives_is_reported(chat):
    before = "Fine.\nScore: "
    tokens = [(before, {before: 1.0}), ("7", {"7": 0.5, "8": 0.25, "seven": 0.25})]
    chat.answer = lambda body: grading("rubric")(body) if is_probe(body) else {"text": before + "7", "tokens": tokens}
    [judgment] = judge(chat).judge(CONVERSATIONS[:1])
    assert judgment.mass == pytest.approx(0.75)
    assert judgment.texts == (before + "7",)


def test_samples_are_averaged_without_failed_ones(chat):
    said = ["Score: 4", "no idea", "Score: 7", ("Score: 1", "length")]
    chat.answer = lambda body: "yes" if is_probe(body) else said
    [judgment] = judge(chat, samples=4, temperature=0.8).judge(CONVERSATIONS[:1])
    assert judgment.score.reward == pytest.approx(5.5)
    assert judgment.failures == ("", "parse-failed", "", "length-cut")
    assert [body.get("n") for body in chat.asked] == [None, 4]


def test_a_conversation_fails_if_all_samples_fail(chat):
    chat.answer = lambda body: "yes" if is_probe(body) else ["no", ("Score: 3", "length"), "none"]
    assert judge(chat, samples=3, temperature=0.8).score(CONVERSATIONS[:1])[0].failure == "parse-failed"


def test_several_samples_need_a_temperature():
    with pytest.raises(SettingError, match="temperature"):
        JudgeSettings.build({"url": "http://x", "samples": 3})


def test_the_criteria_of_ce_rm_are_requested_once_for_all_responses(chat):
    chat.answer = grading("ce-rm")
    judge(chat, "ce-rm").score([conversation(CRITERIA, "Request", answer) for answer in ANSWERS])
    first = [body for body in chat.asked if is_first_turn(body)]
    assert len(first) == 1
    assert not any(answer in texts(first[0]) for answer in ANSWERS if len(answer) > 1)


def test_reasoning_about_criteria_is_not_sent_again(chat):
    good = grading("ce-rm")
    chat.answer = lambda body: "<think>secret</think>1. Memory" if is_first_turn(body) else good(body)
    judge(chat, "ce-rm").score(CONVERSATIONS[:1])
    assert chat.asked[-1]["messages"][1]["content"] == "1. Memory"


@pytest.mark.parametrize(
    ("answer", "failure"),
    [(("1. Mem", "length"), "length-cut"), ("<think>a", "unclosed-reasoning"), (500, "endpoint-error")],
)
def test_failed_criteria_are_a_failure(chat, answer, failure):
    good = grading("ce-rm")
    chat.answer = lambda body: answer if is_first_turn(body) else good(body)
    assert [score.failure for score in judge(chat, "ce-rm").score(CONVERSATIONS[:3])] == [failure] * 3


def test_thinking_is_off_for_ce_rm_and_not_sent_for_others_unless_set(chat, name):
    chat.answer = grading(name)
    judge(chat, name).score(CONVERSATIONS[:1])
    arguments = chat.asked[-1].get("chat_template_kwargs")
    assert arguments == ({"enable_thinking": False} if name == "ce-rm" else None)
    judge(chat, name, thinking=True).score(CONVERSATIONS[:1])
    assert chat.asked[-1]["chat_template_kwargs"] == {"enable_thinking": True}


def test_the_first_listed_model_is_the_default(chat):
    chat.answer, chat.models = grading("rubric"), ["first", "second"]
    model = judge(chat, served_model_name="")
    model.score(CONVERSATIONS[:1])
    assert chat.asked[-1]["model"] == model.identity.facts["model"] == "first"


def test_the_interface_of_the_settings_has_precedence(chat):
    chat.answer = grading("lmunit")
    settings = {"url": chat.url, "served_model_name": "m", "max_retries": 0}
    by_argument = load("x", ModelSettings(judge=JudgeSettings(**settings)), "lmunit")
    by_both = load("x", ModelSettings(judge=JudgeSettings(**settings, interface="r3")), "lmunit")
    by_none = load("x", ModelSettings(judge=JudgeSettings(**settings)))
    families = [model.identity.family for model in (by_argument, by_both, by_none)]
    assert families == ["judge:lmunit", "judge:r3", "judge:rubric"]


def test_a_judge_without_a_server_is_an_error():
    with pytest.raises(SettingError, match=r"judge\.url"):
        load("some/judge", ModelSettings())


def test_an_unreachable_server_is_an_error_while_loading_and_scoring(chat):
    with pytest.raises(InputError, match="does not respond"):
        judge(chat, url="http://127.0.0.1:9/v1")
    chat.answer = lambda body: grading("ce-rm")(body) if is_probe(body) else 404
    model = judge(chat, "ce-rm")
    with pytest.raises(InputError, match="was not found"):
        model.score(CONVERSATIONS)


def refusing_system(body):
    if any(message["role"] == "system" for message in body["messages"]):
        return 400, "The template has no system role."
    return grading("rubric")(body)


@pytest.mark.parametrize("settings", [{}, {"system_role": "fold"}])
def test_a_refused_system_message_is_folded_and_recorded(chat, settings):
    chat.answer = refusing_system
    model = judge(chat, **settings)
    [score] = model.score([conversation(CRITERIA, "Request", "answer")])
    assert score.reward == pytest.approx(EXPECTED["rubric"])
    assert model.identity.facts["system_role"] == "folded"
    assert "strict and fair code reviewer" in chat.asked[-1]["messages"][0]["content"]


@pytest.mark.parametrize("policy", [{"judge": {"system_role": "native"}}, {"system_role": "error"}])
def test_a_refused_system_message_may_be_an_error_before_the_first_question(chat, policy):
    chat.answer = refusing_system
    own = JudgeSettings(url=chat.url, served_model_name="m", max_retries=0, **policy.get("judge", {}))
    settings = ModelSettings(judge=own, **{key: value for key, value in policy.items() if key != "judge"})
    with pytest.raises(InputError, match="no system role") as error:
        load("x", settings)
    assert "judge.system_role=fold" in error.value.hint
    assert all(is_probe(body) for body in chat.asked)


def test_a_refused_role_of_an_interface_is_an_error_before_the_first_question(chat):
    chat.answer = lambda body: (400, "unknown role") if body["messages"][-1]["role"] == "principle" else "yes"
    with pytest.raises(InputError, match=r"roles user, assistant, principle: .*unknown role"):
        judge(chat, "nemotron-genrm")


def test_parameters_that_the_server_refuses_are_recorded(chat):
    def answer(body):
        refused = next((name for name in ("temperature", "max_tokens", "seed") if name in body), "")
        return (400, f"'{refused}' is not supported") if refused else grading("rubric")(body)

    chat.answer = answer
    model = judge(chat)
    assert not model.score(CONVERSATIONS[:1])[0].failure
    assert model.identity.facts["changed_parameters"] == "seed, temperature"
    assert "refused" in model.identity.facts["temperature"]


@pytest.mark.parametrize("name", ["rubric", "ce-rm"])
def test_a_failed_row_keeps_what_the_server_said(chat, name):
    chat.answer = lambda body: grading(name)(body) if is_probe(body) else (400, "alternate the roles")
    [score] = judge(chat, name).score(CONVERSATIONS[:1])
    assert score.failure == "endpoint-error"
    assert "alternate the roles" in score.detail


CHANGES = [
    {"temperature": 0.5},
    {"temperature": 0.5, "samples": 2},
    {"max_tokens": 9},
    {"seed": 3},
    {"reward": "stated"},
    {"thinking": False},
    {"served_model_name": "other"},
    {"interface": "r3"},
]


def test_the_digest_depends_only_on_settings_that_affect_scores(chat):
    chat.answer = grading("rubric")
    plain = judge(chat).identity
    assert judge(chat, max_concurrency=1, timeout=9, max_retries=1).identity == plain
    digests = {judge(chat, **change).identity.digest for change in CHANGES} | {plain.digest}
    assert len(digests) == len(CHANGES) + 1


# The contract of reward models, with a server whose scores and delays depend on the prompt.


def by_content(body):
    if is_probe(body):
        return {"text": "yes", "tokens": [("yes", {"yes": 1.0})]}
    if is_first_turn(body):
        return "1. Memory: what the code holds."
    digest = hashlib.sha256(texts(body).encode()).digest()
    time.sleep(digest[0] / 10000)
    share = 0.5 + digest[1] / 600
    name = {"principle": "nemotron-genrm", "system": "rubric"}.get(body["messages"][0]["role"])
    name = "nemotron-genrm" if body["messages"][-1]["role"] == "principle" else name
    name = "lmunit" if "Unit Test" in texts(body) else name
    name = name or ("r3" if "# Rubric" in texts(body) else "ce-rm")
    before, score, other, after = LAST[name]
    written = [(before, {before: 1.0}), (score, {score: share, other: 1 - share})]
    return {"text": before + score + after, "tokens": written + ([(after, {after: 1.0})] if after else [])}


def rewards(model, conversations=CONVERSATIONS):
    return [score.reward for score in model.score(conversations)]


def test_it_implements_the_protocol(chat, name):
    chat.answer = by_content
    model = judge(chat, name)
    assert isinstance(model, RewardModel)
    assert model.score([]) == []
    assert rewards(model) == rewards(judge(chat, name))
    assert model.identity == judge(chat, name).identity


def test_expected_scores_differ_where_stated_scores_tie(chat, name):
    chat.answer = by_content
    scores = judge(chat, name).score(CONVERSATIONS)
    assert len({score.stated for score in scores}) == 1
    assert len({score.reward for score in scores}) > len(ANSWERS)


def test_scores_do_not_depend_on_order_batch_and_concurrency(chat, name):
    chat.answer = by_content
    model = judge(chat, name)
    expected = rewards(model)
    order = list(range(len(CONVERSATIONS)))
    random.Random(3).shuffle(order)
    assert rewards(model, [CONVERSATIONS[index] for index in order]) == [expected[index] for index in order]
    assert rewards(judge(chat, name, max_concurrency=1)) == expected
    assert [reward for item in CONVERSATIONS[:3] for reward in rewards(model, [item])] == expected[:3]


def test_a_conversation_that_cannot_be_scored_fails_alone(chat, name):
    chat.answer = by_content
    conversations = [
        CONVERSATIONS[0],
        conversation(None, "Only a request"),
        conversation(None, "a", "\ud800"),
        CONVERSATIONS[1],
    ]
    assert [score.failure for score in judge(chat, name).score(conversations)] == ["", "no-response", "not-unicode", ""]


def test_a_cached_judgment_is_not_requested_again(chat, name, tmp_path):
    chat.answer = by_content
    cache = tmp_path / "new" / "cache.jsonl"
    plain = judge(chat, name).judge(CONVERSATIONS)
    assert judge(chat, name, cache_path=cache).judge(CONVERSATIONS) == plain
    chat.asked.clear()
    again = judge(chat, name, cache_path=cache)
    assert again.judge(CONVERSATIONS) == plain
    assert all(is_probe(body) for body in chat.asked)
    assert again.identity == judge(chat, name).identity


def test_an_interrupted_run_resumes(chat, tmp_path):
    chat.answer = by_content
    cache = tmp_path / "cache.jsonl"
    complete = rewards(judge(chat))
    rewards(judge(chat, cache_path=cache), CONVERSATIONS[:6])
    cache.write_bytes(cache.read_bytes()[:-20])
    chat.asked.clear()
    assert rewards(judge(chat, cache_path=cache)) == complete
    assert sum(is_scoring(body) for body in chat.asked) == len(CONVERSATIONS) - 5
    assert rewards(judge(chat, cache_path=cache)) == complete


def test_the_cache_distinguishes_judges(chat, tmp_path):
    chat.answer = by_content
    rewards(judge(chat, cache_path=tmp_path / "cache.jsonl"), CONVERSATIONS[:2])
    chat.asked.clear()
    rewards(judge(chat, cache_path=tmp_path / "cache.jsonl", max_tokens=99), CONVERSATIONS[:2])
    assert sum(is_scoring(body) for body in chat.asked) == 2


@pytest.mark.parametrize(
    ("answer", "cached"),
    [
        (500, False),
        ((400, "maximum context length"), False),
        ([], False),
        ("no idea", True),
        (("Score", "length"), True),
    ],
)
def test_server_errors_are_not_cached(chat, tmp_path, answer, cached):
    chat.answer = lambda body: by_content(body) if is_probe(body) else answer
    for _ in range(2):
        judge(chat, cache_path=tmp_path / "cache.jsonl").score(CONVERSATIONS[:1])
    assert sum(is_scoring(body) for body in chat.asked) == (1 if cached else 2)


def test_a_cache_with_a_row_that_is_not_a_judgment_is_an_error(chat, tmp_path):
    chat.answer = by_content
    cache = tmp_path / "cache.jsonl"
    judge(chat, cache_path=cache).score(CONVERSATIONS[:1])
    row = json.loads(cache.read_text())
    for score in ("text", {"unknown": 1}):
        cache.write_text(json.dumps({**row, "score": score}) + "\n")
        with pytest.raises(InputError, match="not a judgment"):
            judge(chat, cache_path=cache).score(CONVERSATIONS[:1])


def test_a_cache_path_that_is_a_directory_is_an_error(chat, tmp_path):
    chat.answer = by_content
    with pytest.raises(InputError, match="Cannot store judgments"):
        judge(chat, cache_path=tmp_path)


@pytest.mark.parametrize(("model", "family"), [("CE-RM-4B", "judge:ce-rm"), ("anything", "judge:rubric")])
def test_a_published_judge_is_loaded_with_its_interface(chat, model, family):
    chat.answer = by_content
    settings = ModelSettings(judge=JudgeSettings(url=chat.url, max_retries=0))
    loaded = load_model(model, settings)
    assert loaded.identity.family == family
    assert not any(score.failure for score in loaded.score(CONVERSATIONS))


@pytest.mark.parametrize(("mode", "sent"), [("text", "<\u200b|im_end|>"), ("published", "<|im_end|>")])
def test_the_setting_for_control_tokens_reaches_judges(chat, mode, sent):
    chat.answer = grading("rubric")
    own = JudgeSettings(url=chat.url, served_model_name="m")
    model = load("x", ModelSettings(judge=own, control_tokens=mode))
    scores = model.score([conversation(None, "Request", "x<|im_end|>"), conversation(None, "Request", "x")])
    assert [score.notes for score in scores] == [("control-tokens",) if mode == "text" else (), ()]
    assert f"x{sent}\n" in "".join(map(texts, chat.asked))
    assert model.identity.facts["control_tokens"] == mode
