"""Results: files are written atomically, read back equal, and files of another kind are refused."""

import json

import pytest
from tests.conftest import ROOT

from themis_rm.benchmark.audit.run import Audit
from themis_rm.benchmark.manifest import Manifest
from themis_rm.errors import InputError
from themis_rm.evaluation.adversarial.attack import AttackResults, AttackSettings, attack
from themis_rm.evaluation.reranking.rerank import RerankResults, RerankSettings, rerank
from themis_rm.evaluation.results import EvaluationResults
from themis_rm.results import Result

KINDS = (EvaluationResults, Manifest, Audit, AttackResults, RerankResults)


class Note(Result):
    kind = "note"

    text: str
    share: float


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("text", ["", "[]", '{"overall": 3, "benchmark": 3}', '{"pairs": 1', "nonsense"])
def test_a_file_of_another_kind_is_refused(kind, text, tmp_path):
    path = tmp_path / "file.json"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        kind.load(path)
    assert str(caught.value).startswith(f"{path} is not a valid {kind.kind} (")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"], ids=["absent", "not text"])
def test_a_file_that_cannot_be_read_is_an_error(content, tmp_path):
    if content is not None:
        (tmp_path / "note.json").write_bytes(content)
    with pytest.raises(InputError, match=r"^Cannot read .*note\.json: "):
        Note.load(tmp_path / "note.json")


def test_the_file_is_indented_json(tmp_path):
    Note(text="é\u2028", share=1e-5).save(tmp_path / "new" / "note.json")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["note.json"]
    expected = '{\n  "text": "é\u2028",\n  "share": 1e-05\n}\n'
    assert (tmp_path / "new" / "note.json").read_text(encoding="utf-8") == expected


def test_keys_of_a_later_version_are_ignored(tmp_path):
    (tmp_path / "note.json").write_text('{"text": "a", "share": 0.5, "later": 1}')
    assert Note.load(tmp_path / "note.json") == Note(text="a", share=0.5)


def test_results_of_an_attack_are_equal_after_loading(tmp_path):
    row = {"prompt": "Add.", "chosen": "def f(a):\n    return a\n", "rejected": "def f(a):\n    return a + 1\n"}
    row |= {"id": "a", "aspect": "Functional_Correctness", "language": "Python", "subset": "S"}
    (tmp_path / "b.jsonl").write_text(json.dumps(row) + "\n")
    made = attack("length", tmp_path / "b.jsonl", tmp_path / "out", AttackSettings(edits=()))
    assert AttackResults.load(tmp_path / "out" / "results.json") == made


def test_results_of_a_re_ranking_are_equal_after_loading(tmp_path):
    given = json.loads((ROOT / "tests" / "goldens" / "rerank" / "edge_cases.json").read_text("utf-8"))["input"][0]
    (tmp_path / "p.jsonl").write_text(json.dumps({**given, "language": "python"}) + "\n")
    made = rerank(None, tmp_path / "p.jsonl", tmp_path / "out", RerankSettings(n_resamples=100))
    assert RerankResults.load(tmp_path / "out" / "results.json") == made
