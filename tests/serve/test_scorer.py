"""The scorer: single responses, groups of candidates, batches and streams."""

import pytest

from themis_rm.criteria import CRITERIA
from themis_rm.errors import InputError, SettingError
from themis_rm.messages import conversation
from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import built_in
from themis_rm.serve.requests import ScoreSettings, read_jsonl_requests
from themis_rm.serve.scorer import Scorer

FIVE = [row.short for row in CRITERIA]
CODE = ["return a + b", "return a - b", "total = a\ntotal += b\nreturn total"]


def test_by_default_a_response_has_one_score_per_criterion(tiny):
    scores = tiny.score("Sum it.", "return a + b")
    assert list(scores) == FIVE
    assert len(set(scores.values())) == 5


def test_a_score_is_the_models_reward_of_the_rendered_conversation(tiny, tiny_checkpoint):
    scores = tiny.score("Sum it.", "return a + b", ["memory efficiency", "all", "none"])
    assert list(scores) == ["ME", "FC", "EE", "R&M", "SH", "all", "none"]
    prompts, model = built_in(), load_model(tiny_checkpoint("qwen3"))
    for label, system in [("none", None), ("all", prompts.render(CRITERIA)), ("ME", prompts.render([CRITERIA[2]]))]:
        expected = model.score([conversation(system, "Sum it.", "return a + b")])[0].reward
        assert scores[label] == pytest.approx(expected, abs=1e-5)


def test_criteria_prompts_that_may_be_others_are_said_once_and_only_if_used(tiny_checkpoint, caplog):
    scorer = Scorer.load(tiny_checkpoint("qwen3"))
    scorer.score("Sum it.", "return a + b", "none")
    assert "Criteria prompts" not in caplog.text
    scorer.score("Sum it.", CODE, "all")
    assert caplog.text.count("Criteria prompts: built-in prompts of this project") == 1


def test_one_criterion_converts_to_a_float(tiny):
    scores = tiny.score("Sum it.", "return a + b", "SH")
    assert float(scores) == scores["SH"]


def test_several_responses_have_the_scores_of_single_calls(tiny):
    table = tiny.score("Sum it.", CODE, "FC")
    singles = [float(tiny.score("Sum it.", code, "FC")) for code in CODE]
    assert table.column("FC") == pytest.approx(singles, abs=1e-5)


def test_a_batch_has_the_scores_of_single_calls(tiny):
    prompts = ["Sum it.", "Add a and b.", "Subtract b from a."]
    table = tiny.score_batch(prompts, CODE, "ME")
    singles = [float(tiny.score(*pair, "ME")) for pair in zip(prompts, CODE, strict=True)]
    assert table.column("ME") == pytest.approx(singles, abs=1e-5)


def test_batches_longer_than_a_chunk_keep_their_order(length):
    responses = ["x" * (1 + n % 7) for n in range(600)]
    table = length.score_batch(["p"] * 600, responses, "none")
    assert table.column("none") == [float(len(text)) for text in responses]


def test_messages_are_scored_like_texts(tiny):
    messages = conversation(None, "Sum it.", "return a + b")
    expected = tiny.score("Sum it.", "return a + b", "FC")
    assert tiny.score(messages, criteria="FC") == expected
    assert tiny.score(messages[:1], "return a + b", "FC") == expected


def test_a_system_message_replaces_the_criteria_prompts(tiny):
    assert list(tiny.score(conversation("Judge.", "Sum it.", "return a + b"))) == ["given"]


@pytest.mark.parametrize(
    ("prompt", "response", "message"),
    [
        (3, "x", "prompt must be a str"),
        ("p", 3, "response must be a str"),
        ("p", [3], "a response must be a str"),
        ("p", None, "response is missing"),
    ],
)
def test_arguments_of_a_wrong_type_are_refused(length, prompt, response, message):
    with pytest.raises(TypeError, match=message):
        length.score(prompt, response)


@pytest.mark.parametrize("messages", [[], [{"role": "user"}], [{"role": "assistant", "content": "x"}]])
def test_malformed_messages_are_refused(length, messages):
    with pytest.raises(InputError, match="messages"):
        length.score(messages, "x")


def test_a_single_response_that_cannot_be_scored_is_an_error(tiny_checkpoint):
    scorer = Scorer.load(tiny_checkpoint("qwen3"), settings=ModelSettings(max_length=20))
    with pytest.raises(InputError, match="prompt-too-long"):
        scorer.score("word " * 50, "x", ["FC"])


def test_in_a_batch_a_failure_is_an_entry_without_a_score(tiny_checkpoint):
    scorer = Scorer.load(tiny_checkpoint("qwen3"), settings=ModelSettings(max_length=60))
    table = scorer.score_batch(["word " * 80, "Sum it."], ["x", "y"], "none")
    assert table[0]["none"] is None
    assert table[0].failures == {"none": "prompt-too-long"}
    assert table[1]["none"] is not None


def test_candidates_are_ranked_by_reward(length):
    ranking = length.rank("p", ["xx", "xxxx", "x", "xxxx"], "none")
    assert ranking.order == [1, 3, 0, 2]
    assert [item.rank for item in ranking] == [1, 1, 3, 4]
    assert ranking.best == 1


def test_by_default_candidates_are_ranked_under_the_prompt_of_all_criteria(tiny):
    ranking = tiny.rank("Sum it.", CODE)
    expected = [tiny.score("Sum it.", code, "all")["all"] for code in CODE]
    assert [ranking.candidates[ranking.order.index(n)].reward for n in range(3)] == pytest.approx(expected, abs=1e-5)


def test_weights_make_a_weighted_mean(tiny):
    ranking = tiny.rank("Sum it.", CODE, weights={"FC": 3, "Security Hardness": 1})
    assert ranking.weights == {"FC": 0.75, "SH": 0.25}
    for item in ranking:
        assert item.reward == pytest.approx(0.75 * item.scores["FC"] + 0.25 * item.scores["SH"])


def test_a_group_of_candidates_is_scored_in_one_call(tiny, monkeypatch):
    sizes = []
    original = type(tiny.model).score

    def score(self, conversations):
        sizes.append(len(conversations))
        return original(self, conversations)

    monkeypatch.setattr(type(tiny.model), "score", score)
    tiny.rank("Sum it.", CODE, ["FC", "SH"])
    assert sizes == [6]


@pytest.mark.parametrize("weights", [{"FC": -1}, {"FC": 0}, {"FC": float("inf")}, {"FC": float("nan")}])
def test_weights_that_make_no_mean_are_refused(length, weights):
    with pytest.raises(SettingError, match="Weights"):
        length.rank("p", ["x"], weights=weights)


def test_weights_must_name_the_criteria(length):
    with pytest.raises(SettingError, match="same criteria"):
        length.rank("p", ["x"], criteria=["FC", "SH"], weights={"FC": 1})


def test_a_candidate_that_cannot_be_scored_comes_last(tiny):
    ranking = tiny.rank("Sum it.", ["\ud800", "x"], "none")
    assert ranking.order == [1, 0]
    assert ranking.candidates[-1].rank is None


def test_a_stream_is_read_as_it_is_scored(length, jsonl, request_row):
    read = 0

    def endless():
        nonlocal read
        while True:
            read += 1
            yield from jsonl(request_row(1))

    rows = length.score_requests(read_jsonl_requests(endless(), ScoreSettings()), chunk_size=8)
    for _ in range(20):
        next(rows)
    assert read <= 3 * 8 + 1  # three chunks and the line that ends the third
