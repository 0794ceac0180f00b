"""Compiling sources: every record accounted for, duplicates and nested sources out, the same bytes each time."""

import json

import pytest

from themis_rm.benchmark import compile as compilation
from themis_rm.benchmark.compile import Artifacts, CompileSettings, compile_benchmark, folder_digest
from themis_rm.benchmark.manifest import Manifest
from themis_rm.benchmark.pairs import read_benchmark
from themis_rm.benchmark.sources.source import BenchmarkSource, SourcePair, UnusableRecord, read_jsonl
from themis_rm.errors import InputError, SettingError
from themis_rm.execute.check import Check
from themis_rm.pipeline import ExecutorSettings
from themis_rm.registry import Registry
from themis_rm.storage.parquet import read_rows

ALONE = ExecutorSettings(workers=1)  # made-up sources are known to this process alone


def mapper(folder):
    for number, record in read_jsonl(folder / "pairs.jsonl"):
        if "reason" in record:
            yield UnusableRecord(str(number), record["reason"])
            continue
        check = Check(id="", language="Python", after=record["test"]) if "test" in record else None
        yield SourcePair(
            key=record.get("key", str(number)),
            criterion=record.get("criterion", "FC"),
            language="Python",
            chosen=record["chosen"],
            rejected=record["rejected"],
            prompt=record.get("prompt", ""),
            signature=record.get("signature", ""),
            check=check,
        )


def made_up(name):
    return BenchmarkSource(
        name=name,
        title=name.title(),
        subset=name.upper(),
        license="MIT",
        criteria=("FC", "EE"),
        languages=("Python",),
        prompts="upstream",
        responses="people",
        tests=True,
        citation="nobody",
        upstream=f"github:someone/{name}",
        revision="",
        files=("pairs.jsonl",),
        read=mapper,
    )


@pytest.fixture
def sources(tmp_path, monkeypatch):
    known = Registry("benchmark source", "themis_rm.no_plugins")
    for name in ("absent", "alpha", "beta"):
        known.register(made_up(name))
    monkeypatch.setattr(compilation, "SOURCES", known)

    def write(**records):
        for name, rows in records.items():
            folder = tmp_path / "sources" / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return tmp_path / "sources"

    return write


def answer(number, sign="+"):
    return {"chosen": f"def f(a):\n    return a {sign} {number}\n", "rejected": f"def f(a):\n    return a * {number}\n"}


def compiled(folder, tmp_path, **settings):
    out = tmp_path / "bench.parquet"
    manifest = compile_benchmark(folder, out, CompileSettings(**settings), ALONE)
    return manifest, list(read_rows(out))


def test_every_record_is_kept_or_counted_under_a_reason(sources, tmp_path):
    folder = sources(
        alpha=[
            {**answer(1), "prompt": "Add one."},
            {"reason": "no-tests"},
            {**answer(2), "rejected": answer(2)["chosen"]},
            {**answer(3), "rejected": answer(3)["chosen"] + "# slower\n"},
            {**answer(1), "key": "1"},
            {**answer(4), "chosen": "def f(a:\n"},
            {**answer(5), "rejected": "def f(a):\n    return a - 5  # bug here\n"},
            {**answer(6), "chosen": "x"},
        ]
    )
    manifest, rows = compiled(folder, tmp_path)
    entry = manifest.sources[0]
    assert (entry.records, entry.kept) == (8, 1)
    assert entry.dropped == {
        "no-tests": 1,
        "same-answers": 1,
        "comments-only": 1,
        "duplicate-key": 1,
        "chosen-parses-worse": 1,
        "label-leak": 1,
        "too-short": 1,
    }
    assert [row["id"] for row in rows] == ["alpha/1"]


def test_what_was_dropped_is_kept_aside_by_reason(sources, tmp_path):
    compiled(sources(alpha=[answer(1), {"reason": "no-tests"}]), tmp_path)
    aside = Artifacts(tmp_path / "bench.parquet").dropped
    assert [row["source_key"] for row in read_rows(aside / "no-tests")] == ["2"]


def test_a_nested_source_loses_its_pairs_to_the_larger_one(sources, tmp_path):
    # alpha stands first by name, but its two pairs are all in beta.
    nested = [answer(1), {**answer(2), "chosen": "def f(a):\n    # told\n    return a + 2\n"}]
    manifest, rows = compiled(sources(alpha=nested, beta=[answer(n) for n in range(4)]), tmp_path)
    assert {row["source"] for row in rows} == {"beta"}
    assert [item.model_dump() for item in manifest.nested] == [
        {"source": "alpha", "inside": "beta", "pairs": 2, "share": 1.0}
    ]
    assert manifest.sources[0].dropped == {"in-another-source": 2}


def test_pairs_that_contradict_one_another_go_out_both(sources, tmp_path):
    forth = answer(1)
    back = {"chosen": forth["rejected"], "rejected": forth["chosen"]}
    _, rows = compiled(sources(alpha=[forth, answer(2)], beta=[back]), tmp_path)
    assert [row["id"] for row in rows] == ["alpha/2"]


def test_the_other_way_round_under_another_criterion_is_no_contradiction(sources, tmp_path):
    forth = answer(1)
    back = {"chosen": forth["rejected"], "rejected": forth["chosen"], "criterion": "EE"}
    _, rows = compiled(sources(alpha=[forth, back]), tmp_path)
    assert len(rows) == 2


def test_a_pair_without_a_request_gets_a_template_and_says_so(sources, tmp_path):
    folder = sources(alpha=[{**answer(1), "prompt": "Add one."}, {**answer(2), "signature": "def f(a)"}])
    manifest, rows = compiled(folder, tmp_path)
    assert [row["prompt_source"] for row in rows] == ["upstream", "template"]
    assert rows[1]["prompt"] == "Write the Python function `def f(a)`."
    assert manifest.prompt_sources == {"template": 1, "upstream": 1}


def test_checks_lie_beside_the_benchmark_under_the_ids_of_pairs(sources, tmp_path):
    manifest, _ = compiled(sources(alpha=[answer(1), {**answer(2), "test": "assert f(1) == 3"}]), tmp_path)
    checks = list(read_rows(Artifacts(tmp_path / "bench.parquet").checks))
    assert [(check["id"], check["after"]) for check in checks] == [("alpha/2", "assert f(1) == 3")]
    assert manifest.checks == 1


def test_the_manifest_knows_its_benchmark_again(sources, tmp_path):
    manifest, _ = compiled(sources(alpha=[answer(1), answer(2)]), tmp_path)
    assert manifest == Manifest.load(Artifacts(tmp_path / "bench.parquet").manifest)
    assert read_benchmark(tmp_path / "bench.parquet").digest == manifest.digest
    assert manifest.coverage == {"Functional_Correctness": {"Python": 2}}
    assert manifest.absent == ["absent", "beta"]


def test_compiling_twice_gives_the_same_bytes(sources, tmp_path):
    folder = sources(alpha=[answer(n) for n in range(5)], beta=[answer(n, "-") for n in range(5)])
    first, _ = compiled(folder, tmp_path)
    second, _ = compiled(folder, tmp_path)
    assert first == second


def test_a_killed_compilation_goes_on_with_the_sources_that_are_left(sources, tmp_path, monkeypatch):
    folder = sources(alpha=[answer(1)], beta=[answer(2)])
    whole, _ = compiled(folder, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(compilation, "_assembled", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            compiled(folder, tmp_path)
    reads = []
    monkeypatch.setattr(compilation.SourceReader, "run", lambda *given: reads.append(given))
    again, _ = compiled(folder, tmp_path)
    assert (again, reads) == (whole, [])


def test_at_most_so_many_pairs_of_one_source(sources, tmp_path):
    manifest, rows = compiled(sources(alpha=[answer(n) for n in range(9)]), tmp_path, max_per_source=4)
    assert len(rows) == manifest.sources[0].kept == 4
    assert manifest.sources[0].dropped == {"beyond-max-per-source": 5}


def test_a_folder_of_no_known_source_is_told(sources, tmp_path):
    folder = sources(alpha=[answer(1)])
    (folder / "mystery").mkdir()
    assert compiled(folder, tmp_path)[0].unknown == ["mystery"]


def test_a_source_that_was_asked_for_must_be_there(sources, tmp_path):
    with pytest.raises(InputError, match="someone/beta"):
        compiled(sources(alpha=[answer(1)]), tmp_path, only=["beta"])


def test_a_folder_without_sources_is_told(sources, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no folder of a known source"):
        compiled(tmp_path / "empty", tmp_path)


def test_the_output_must_be_parquet(sources, tmp_path):
    with pytest.raises(SettingError, match=r"\.parquet"):
        compile_benchmark(sources(alpha=[answer(1)]), tmp_path / "bench.csv", None, ALONE)


def test_a_source_digest_depends_on_names_and_contents(tmp_path):
    (tmp_path / "a").write_text("one")
    first = folder_digest(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    second = folder_digest(tmp_path)
    (tmp_path / "b").write_text("two")
    assert len({first, second, folder_digest(tmp_path)}) == 3


def test_a_chat_model_writes_the_requests_that_are_missing(sources, tmp_path, chat):
    given = [{**answer(1), "prompt": "Add one."}, answer(2), {**answer(3), "signature": "def f(three)"}]
    chat.answer = lambda body: "no" if "three" in body["messages"][0]["content"] else "<request>Add two.</request>"
    manifest, rows = compiled(sources(alpha=given), tmp_path, writer={"url": chat.url, "model": "m"})
    assert [(row["prompt"], row["prompt_source"]) for row in rows] == [
        ("Add one.", "upstream"),
        ("Add two.", "llm"),
        ("Write the Python function `def f(three)`.", "template"),
    ]
    assert manifest.unwritten == {"no-request": 1}
