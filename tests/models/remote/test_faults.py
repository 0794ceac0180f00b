"""What a server can do wrong: waited out where it passes, else one line that says what to mend."""

import time

import pytest
from tests.conversations import CONVERSATIONS

from themis_rm.errors import InputError, SettingError
from themis_rm.models.remote.client import Client, _asked_for
from themis_rm.models.settings import RemoteSettings

from .conftest import SERVERS

APIS = list(SERVERS)


@pytest.fixture
def expected(tiny_checkpoint, local):
    scores = local(tiny_checkpoint("qwen3")).score(CONVERSATIONS)
    return pytest.approx([score.reward for score in scores], abs=1e-5)


def rewards(model):
    return [score.reward for score in model.score(CONVERSATIONS)]


def line(error):
    text = str(error.value)
    assert "\n" not in text
    assert error.value.hint
    return text


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("fault", [429, 500, 503, "cut"])
def test_a_passing_fault_is_waited_out(api, fault, serve, connect, expected):
    state = serve(api)
    model = connect(state, api)
    state.faults["passing"] = [fault, fault]
    assert rewards(model) == expected
    assert state.faults["passing"] == []


def test_the_pause_that_a_server_asks_for_is_kept(serve, connect):
    state = serve("classify", headers={"Retry-After": "0.4"})
    model = connect(state, "classify")
    state.faults["passing"] = [429]
    started = time.monotonic()
    model.score(CONVERSATIONS[:1])
    assert time.monotonic() - started >= 0.4


def test_a_pause_may_be_asked_for_by_date():
    assert _asked_for("Wed, 21 Oct 2015 07:28:00 GMT") < 0
    assert _asked_for("soon") == 0
    assert _asked_for("7") == 7


@pytest.mark.parametrize("fault", [500, 429, "cut"])
def test_a_lasting_fault_ends_the_job(fault, serve, connect):
    state = serve("classify")
    model = connect(state, "classify", retries=1, parallel=1)
    state.faults["always"] = fault
    before = len(state.asked)
    with pytest.raises(InputError, match=r"does not answer: .*\(2 tries\)") as error:
        model.score(CONVERSATIONS)
    assert "Is the server up?" in line(error)
    assert len(state.asked) - before <= 4


def test_a_slow_server_ends_the_job(serve, connect):
    state = serve("classify")
    model = connect(state, "classify", retries=0, seconds=0.5, parallel=1, batch=100)
    state.faults |= {"always": "slow", "seconds": 1.5}
    with pytest.raises(InputError, match=r"no answer within 0\.5 seconds") as error:
        model.score(CONVERSATIONS[:1])
    assert "remote.seconds" in line(error)


@pytest.mark.parametrize("api", APIS)
def test_a_dead_server(api, serve, connect):
    state = serve(api)
    state.url = "http://127.0.0.1:9"
    with pytest.raises(InputError, match=r"127\.0\.0\.1:9.* does not answer") as error:
        connect(state, api, retries=1)
    line(error)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://x", "http://", "http://[::1"])
def test_a_url_that_is_none(url):
    with pytest.raises(SettingError, match="is no URL"):
        Client(RemoteSettings(url=url, api="classify"))


def test_the_base_url_of_the_openai_interface_will_do(serve, connect, expected):
    state = serve("classify")
    state.url += "/v1/"
    assert rewards(connect(state, "classify")) == expected


@pytest.mark.parametrize("api", APIS)
def test_a_model_that_is_not_served(api, serve, connect):
    with pytest.raises(InputError, match=r"serves no model 'themis-tinny'\. Did you mean 'themis-tiny'") as error:
        connect(serve(api), api, served_as="themis-tinny")
    line(error)


def test_a_model_that_is_listed_but_gone(serve, connect):
    with pytest.raises(InputError, match="does not exist") as error:
        connect(serve("classify"), "classify", served_as="other")
    line(error)


@pytest.mark.parametrize(("served", "asked"), [("classify", "pooling"), ("sglang", "predict"), ("predict", "classify")])
def test_another_interface_than_the_servers(served, asked, serve, connect):
    with pytest.raises(InputError, match=r"remote\.(api|url)") as error:
        connect(serve(served), asked)
    line(error)


def test_vllm_asked_as_sglang(serve, connect):
    with pytest.raises(InputError, match=r"refuses a short conversation \(Field required\)") as error:
        connect(serve("classify"), "sglang")
    line(error)


def test_an_embedding_model_behind_predict(serve, connect):
    with pytest.raises(InputError, match="as embedding, not as a classifier") as error:
        connect(serve("predict", kind={"embedding": {"pooling": "cls"}}), "predict")
    line(error)


def test_a_key_is_sent_and_its_lack_is_told(serve, connect, expected, monkeypatch):
    state = serve("classify", key="s3cret")
    with pytest.raises(InputError, match="refuses the key") as error:
        connect(state, "classify", key_variable="RM_KEY")
    assert "RM_KEY" in line(error)
    monkeypatch.setenv("RM_KEY", "s3cret")
    assert rewards(connect(state, "classify", key_variable="RM_KEY")) == expected


@pytest.mark.parametrize("api", APIS)
def test_probabilities_are_refused(api, serve, connect):
    with pytest.raises(InputError, match="as probabilities are") as error:
        connect(serve(api, sigmoid=True), api)
    assert "remote.probabilities=true" in line(error)


@pytest.mark.parametrize("api", ["classify", "sglang"])
def test_the_softmax_of_one_label_is_refused(api, serve, connect):
    with pytest.raises(InputError, match="answers 1 to 1, as probabilities are"):
        connect(serve(api, constant=True), api)


def test_probabilities_may_be_taken_and_are_recorded(serve, connect):
    model = connect(serve("classify", sigmoid=True), "classify", probabilities=True)
    assert all(0 <= reward <= 1 for reward in rewards(model))
    assert model.identity.facts["values"] == "between 0 and 1, as served"


@pytest.mark.parametrize("api", ["classify", "pooling"])
@pytest.mark.parametrize("flag", ["use_activation", "activation", "softmax"])
def test_the_field_for_the_bare_logit_is_found(api, flag, serve, connect, expected):
    model = connect(serve(api, flag=flag), api)
    assert rewards(model) == expected
    assert f"{flag}=False" in model.identity.facts["options"]


def test_old_and_new_fields_never_stand_together(serve, connect, expected):
    model = connect(serve("classify", trap=True), "classify")
    assert rewards(model) == expected


@pytest.mark.parametrize("tasks", [("classify",), ("token_classify",)])
def test_the_pooling_task_is_found(tasks, serve, connect, expected):
    model = connect(serve("pooling", tasks=tasks), "pooling")
    assert rewards(model) == expected
    assert model.identity.facts["options"].startswith(f"task={tasks[0]}")


def test_no_known_pooling_task(serve, connect):
    with pytest.raises(InputError, match=r"refuses a short conversation \(Unsupported task") as error:
        connect(serve("pooling", tasks=("embed",)), "pooling")
    line(error)


def test_base64_is_read(serve, connect, expected):
    assert rewards(connect(serve("pooling", base64=True), "pooling")) == expected


def test_items_are_placed_by_their_index(serve, connect, expected):
    assert rewards(connect(serve("classify", shuffled=True), "classify")) == expected


@pytest.mark.parametrize("api", APIS)
def test_rewards_in_another_order_are_refused(api, serve, connect):
    with pytest.raises(InputError, match="in another order") as error:
        connect(serve(api, reversed=True), api)
    assert "remote.batch=1" in line(error)


def test_rewards_in_another_order_do_no_harm_one_by_one(serve, connect, expected):
    assert rewards(connect(serve("sglang", reversed=True), "sglang", batch=1)) == expected


def test_too_few_rewards(serve, connect):
    with pytest.raises(InputError, match="3 items for 4 conversations") as error:
        connect(serve("classify", few=True), "classify")
    line(error)


def test_several_labels(serve, connect):
    with pytest.raises(InputError, match="3 labels, where a reward model has one") as error:
        connect(serve("classify", labels=3), "classify")
    line(error)


@pytest.mark.parametrize("api", ["classify", "pooling", "sglang"])
def test_a_server_that_adds_tokens(api, serve, connect):
    with pytest.raises(InputError, match=r"read \d+ tokens where \d+ were sent") as error:
        connect(serve(api, adds=1), api)
    line(error)


def test_a_batch_is_no_larger_than_the_server_takes(serve, connect, expected):
    assert rewards(connect(serve("predict", client_batch=2), "predict", batch=64)) == expected
