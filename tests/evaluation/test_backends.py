"""Verification of a backend: how its rewards relate to those of the reference."""

import io
import json
import math
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from rich.console import Console

from themis_rm.errors import InputError, SettingError
from themis_rm.evaluation.backends import BackendReport, BackendSettings, compare_sides, find_relation, verify_backend
from themis_rm.models.loading import load_model
from themis_rm.models.protocol import ModelIdentity
from themis_rm.models.settings import ModelSettings
from themis_rm.records import PairScore

RNG = np.random.default_rng(5)
REWARDS = RNG.normal(0, 3, 400)


def expit(values):
    return 1 / (1 + np.exp(-values))


@pytest.mark.parametrize(
    ("relation", "backend"),
    [
        ("same", REWARDS),
        ("same", REWARDS + RNG.normal(0, 0.03, 400)),
        ("sigmoid", expit(REWARDS)),
        ("sigmoid", np.round(expit(REWARDS) * 256) / 256),
        ("affine", REWARDS + 2),
        ("affine", 0.25 * REWARDS - 1),
        ("negated", -REWARDS),
        ("constant", np.ones(400)),
        ("permuted", REWARDS[::-1]),
        ("permuted", np.roll(REWARDS, 1)),
        ("monotonic", np.sinh(REWARDS)),
        ("different", RNG.normal(0, 3, 400)),
    ],
)
def test_the_relation_is_recognized(relation, backend):
    assert find_relation(REWARDS, backend) == relation


@pytest.mark.parametrize("rewards", [[], [1.0], [2.0, 2.0, 2.0]])
def test_too_few_or_constant_rewards_give_no_relation(rewards):
    assert find_relation(np.array(rewards), np.array(rewards)) == "unknown"


def pair(number, chosen, rejected, note=""):
    known = chosen is not None and rejected is not None
    return PairScore(
        id=f"p{number}",
        chosen_score=chosen,
        rejected_score=rejected,
        correct=known and chosen > rejected,
        score_diff=chosen - rejected if known else None,
        language="Python",
        aspect="Functional_Correctness",
        subset="S",
        status="ok",
        note=note,
        chosen_length=1,
        rejected_length=1,
    )


def sides(reference, backend, **settings):
    identity = ModelIdentity("m", "f", "d", {})
    return compare_sides((identity, reference), (identity, backend), ("b", "h", "own"), BackendSettings(**settings))


BASE = [pair(n, REWARDS[2 * n], REWARDS[2 * n + 1]) for n in range(200)]


def test_equal_sides_agree():
    report = sides(BASE, BASE)
    assert report.agrees
    assert report.flipped == []
    assert report.agreement.largest == 0
    assert report.agreement.spearman == pytest.approx(1)
    assert report.comparison.difference == 0


def test_flips_are_counted_listed_and_tested():
    flipped = [pair(n, BASE[n].rejected_score, BASE[n].chosen_score) if n in {3, 8} else BASE[n] for n in range(200)]
    report = sides(BASE, flipped, max_flip_rate=0.005)
    assert {flip.id for flip in report.flipped} == {"p3", "p8"}
    assert all(flip.backend == -flip.reference for flip in report.flipped)
    assert abs(report.flipped[0].reference) >= abs(report.flipped[1].reference)
    assert not report.agrees
    assert report.comparison.only_first + report.comparison.only_second == 2
    assert "Pairs that flip: 2 of 200" in report.verdict


def test_a_tie_of_the_backend_alone_is_a_flip():
    tied = [pair(0, 1.0, 1.0), *BASE[1:]]
    assert [flip.id for flip in sides(BASE, tied).flipped] == ["p0"]


def test_a_pair_that_only_one_side_can_score_is_a_disagreement():
    failed = [pair(0, None, 1.0, "chosen: rejected-by-server; rejected: truncated"), *BASE[1:]]
    report = sides(BASE, failed)
    assert report.failed_once == 1
    assert report.backend.failed == {"rejected-by-server": 1}
    assert report.backend.truncated == 1
    assert report.agreement.responses == 399
    assert not report.agrees


def test_a_pair_that_neither_side_can_score_is_an_agreement():
    failed = [pair(0, None, 1.0, "chosen: prompt-too-long"), *BASE[1:]]
    assert sides(failed, failed).agrees


def test_a_line_is_fitted_to_the_rewards():
    shifted = [pair(n, 2 * row.chosen_score + 1, 2 * row.rejected_score + 1) for n, row in enumerate(BASE)]
    report = sides(BASE, shifted)
    assert (report.agreement.slope, report.agreement.offset) == (pytest.approx(2), pytest.approx(1))
    assert report.agreement.residual == pytest.approx(0, abs=1e-9)
    assert report.agreement.relation == "affine"


def test_a_saved_report_is_loaded_equal(tmp_path):
    report = sides(BASE, [pair(0, 1.0, 1.0), *BASE[1:]])
    report.save(tmp_path / "report.json")
    assert BackendReport.load(tmp_path / "report.json") == report


def test_the_table_fits_into_80_columns():
    long = [pair(n, expit(row.chosen_score), expit(row.rejected_score)) for n, row in enumerate(BASE)]
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(sides(BASE, long).table())
    text = console.export_text()
    assert "sigmoid of the reward" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text


@pytest.fixture
def vllm(tiny_checkpoint, monkeypatch):
    """Return a function that starts a server with the API of vLLM; a given function changes the correct rewards."""
    started = []
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def start(change):
        model = load_model(tiny_checkpoint("qwen3"), ModelSettings(device="cpu"))
        lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                known = {"/v1/models": {"data": [{"id": "m", "max_model_len": 2048}]}}
                self.reply(200 if self.path in known else 404, known.get(self.path, {}))

            def do_POST(self):
                rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
                with lock:
                    values = change(model.rewards(rows))
                self.reply(200, {"data": [{"index": index, "probs": [value]} for index, value in enumerate(values)]})

            def reply(self, status, body):
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        started.append(server)
        remote = {
            "url": f"http://127.0.0.1:{server.server_port}",
            "dialect": "vllm-classify",
            "max_retries": 0,
            "batch_size": 8,
        }
        return BackendSettings(limit=12, model={"device": "cpu", "remote": remote})

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def test_a_server_with_the_right_rewards_agrees(vllm, tiny_checkpoint):
    report = verify_backend(tiny_checkpoint("qwen3"), "authored", vllm(lambda values: values))
    assert report.agrees
    assert report.pairs == 12
    assert report.agreement.largest < 1e-4
    assert report.agreement.responses + sum(report.reference.failed.values()) == 24
    assert report.backend.facts["dialect"] == "vllm-classify"


def test_a_server_with_probabilities_is_recognized(vllm, tiny_checkpoint):
    settings = vllm(lambda values: [1 / (1 + math.exp(-value)) for value in values])
    report = verify_backend(tiny_checkpoint("qwen3"), "authored", settings)
    assert report.agreement.relation == "sigmoid"
    assert not report.agrees


def test_settings_without_a_server_are_refused(tiny_checkpoint):
    with pytest.raises(SettingError, match=r"model\.remote\.url"):
        verify_backend(tiny_checkpoint("qwen3"), "authored", BackendSettings())


def test_an_unreachable_server_is_reported(tiny_checkpoint):
    remote = {"url": "http://127.0.0.1:9", "dialect": "vllm-classify", "max_retries": 0}
    with pytest.raises(InputError, match="does not respond"):
        verify_backend(tiny_checkpoint("qwen3"), "authored", BackendSettings(model={"remote": remote}))
