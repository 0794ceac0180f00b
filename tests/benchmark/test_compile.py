"""Compilation of sources: every record is counted, duplicates are removed, and the output is reproducible."""

import json

import pytest

from themis_rm.benchmark import compile as compilation
from themis_rm.benchmark.compile import CompileSettings, compile_benchmark, directory_digest
from themis_rm.benchmark.files import BenchmarkFiles
from themis_rm.benchmark.manifest import Manifest
from themis_rm.benchmark.pairs import read_benchmark
from themis_rm.benchmark.sources.source import BenchmarkSource, SourcePair, UnusableRecord, read_jsonl
from themis_rm.errors import InputError, SettingError
from themis_rm.execute.check import Check
from themis_rm.pipeline import ExecutorSettings
from themis_rm.registry import Registry
from themis_rm.storage.parquet import read_rows

ONE_WORKER = ExecutorSettings(workers=1)  # only this process knows the fake sources


def mapper(directory):
    for number, record in read_jsonl(directory / "pairs.jsonl"):
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


def fake_source(name):
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
        known.register(fake_source(name))
    monkeypatch.setattr(compilation, "SOURCES", known)

    def write(**records):
        for name, rows in records.items():
            directory = tmp_path / "sources" / name
            directory.mkdir(parents=True, exist_ok=True)
            (directory / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return tmp_path / "sources"

    return write


def responses(number, sign="+"):
    return {"chosen": f"def f(a):\n    return a {sign} {number}\n", "rejected": f"def f(a):\n    return a * {number}\n"}


def compiled(directory, tmp_path, **settings):
    out = tmp_path / "bench.parquet"
    manifest = compile_benchmark(directory, out, CompileSettings(**settings), ONE_WORKER)
    return manifest, list(read_rows(out))


def test_every_record_is_kept_or_counted_under_a_reason(sources, tmp_path):
    directory = sources(
        alpha=[
            {**responses(1), "prompt": "Add one."},
            {"reason": "no-tests"},
            {**responses(2), "rejected": responses(2)["chosen"]},
            {**responses(3), "rejected": responses(3)["chosen"] + "# slower\n"},
            {**responses(1), "key": "1"},
            {**responses(4), "chosen": "def f(a:\n"},
            {**responses(5), "rejected": "def f(a):\n    return a - 5  # bug here\n"},
            {**responses(6), "chosen": "x"},
        ]
    )
    manifest, rows = compiled(directory, tmp_path)
    entry = manifest.sources[0]
    assert (entry.records, entry.kept) == (8, 1)
    assert entry.dropped == {
        "no-tests": 1,
        "same-responses": 1,
        "comments-only": 1,
        "duplicate-key": 1,
        "chosen-parses-worse": 1,
        "label-leak": 1,
        "too-short": 1,
    }
    assert [row["id"] for row in rows] == ["alpha/1"]


def test_dropped_records_are_written_by_reason(sources, tmp_path):
    compiled(sources(alpha=[responses(1), {"reason": "no-tests"}]), tmp_path)
    dropped = BenchmarkFiles(tmp_path / "bench.parquet").dropped
    assert [row["source_key"] for row in read_rows(dropped / "no-tests")] == ["2"]


def test_a_nested_source_loses_its_pairs_to_the_larger_one(sources, tmp_path):
    # alpha is first by name, but both of its pairs are also in beta.
    nested = [responses(1), {**responses(2), "chosen": "def f(a):\n    # note\n    return a + 2\n"}]
    manifest, rows = compiled(sources(alpha=nested, beta=[responses(n) for n in range(4)]), tmp_path)
    assert {row["source"] for row in rows} == {"beta"}
    assert [item.model_dump() for item in manifest.nested] == [
        {"source": "alpha", "inside": "beta", "pairs": 2, "share": 1.0}
    ]
    assert manifest.sources[0].dropped == {"in-another-source": 2}


def test_contradicting_pairs_are_both_dropped(sources, tmp_path):
    forth = responses(1)
    back = {"chosen": forth["rejected"], "rejected": forth["chosen"]}
    _, rows = compiled(sources(alpha=[forth, responses(2)], beta=[back]), tmp_path)
    assert [row["id"] for row in rows] == ["alpha/2"]


def test_exchanged_labels_under_another_criterion_are_not_a_contradiction(sources, tmp_path):
    forth = responses(1)
    back = {"chosen": forth["rejected"], "rejected": forth["chosen"], "criterion": "EE"}
    _, rows = compiled(sources(alpha=[forth, back]), tmp_path)
    assert len(rows) == 2


def test_a_pair_without_a_prompt_gets_a_template(sources, tmp_path):
    directory = sources(alpha=[{**responses(1), "prompt": "Add one."}, {**responses(2), "signature": "def f(a)"}])
    manifest, rows = compiled(directory, tmp_path)
    assert [row["prompt_source"] for row in rows] == ["upstream", "template"]
    assert rows[1]["prompt"] == "Write the Python function `def f(a)`."
    assert manifest.prompt_sources == {"template": 1, "upstream": 1}


def test_checks_are_written_with_the_ids_of_their_pairs(sources, tmp_path):
    manifest, _ = compiled(sources(alpha=[responses(1), {**responses(2), "test": "assert f(1) == 3"}]), tmp_path)
    checks = list(read_rows(BenchmarkFiles(tmp_path / "bench.parquet").checks))
    assert [(check["id"], check["after"]) for check in checks] == [("alpha/2", "assert f(1) == 3")]
    assert manifest.checks == 1


def test_the_manifest_matches_the_benchmark(sources, tmp_path):
    manifest, _ = compiled(sources(alpha=[responses(1), responses(2)]), tmp_path)
    assert manifest == Manifest.load(BenchmarkFiles(tmp_path / "bench.parquet").manifest)
    assert read_benchmark(tmp_path / "bench.parquet").digest == manifest.digest
    assert manifest.coverage == {"Functional_Correctness": {"Python": 2}}
    assert manifest.missing_sources == ["absent", "beta"]


def test_compiling_twice_gives_the_same_manifest(sources, tmp_path):
    directory = sources(alpha=[responses(n) for n in range(5)], beta=[responses(n, "-") for n in range(5)])
    first, _ = compiled(directory, tmp_path)
    second, _ = compiled(directory, tmp_path)
    assert first == second


def test_an_interrupted_compilation_does_not_read_finished_sources_again(sources, tmp_path, monkeypatch):
    directory = sources(alpha=[responses(1)], beta=[responses(2)])
    complete, _ = compiled(directory, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(compilation, "_write_benchmark", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            compiled(directory, tmp_path)
    reads = []
    monkeypatch.setattr(compilation.SourceReader, "run", lambda *args: reads.append(args))
    again, _ = compiled(directory, tmp_path)
    assert (again, reads) == (complete, [])


def test_the_number_of_pairs_per_source_is_limited(sources, tmp_path):
    manifest, rows = compiled(sources(alpha=[responses(n) for n in range(9)]), tmp_path, max_pairs_per_source=4)
    assert len(rows) == manifest.sources[0].kept == 4
    assert manifest.sources[0].dropped == {"max-pairs-per-source": 5}


def test_a_source_without_a_pair_is_reported(sources, tmp_path):
    manifest, _ = compiled(sources(alpha=[responses(1)], beta=[]), tmp_path)
    assert manifest.empty_sources() == ["beta gave no pair: it has no record"]
    manifest, _ = compiled(sources(alpha=[responses(1)], beta=[{"reason": "no-tests"}]), tmp_path)
    assert manifest.empty_sources() == ["beta gave no pair: 1 records, no-tests 1"]


def test_sources_without_a_pair_leave_an_earlier_benchmark_as_it_is(sources, tmp_path):
    compiled(sources(alpha=[responses(1)]), tmp_path)
    before = (tmp_path / "bench.parquet").read_bytes()
    with pytest.raises(InputError, match="No pair of the sources"):
        compiled(sources(alpha=[]), tmp_path)
    assert (tmp_path / "bench.parquet").read_bytes() == before


def test_a_directory_of_an_unknown_source_is_reported(sources, tmp_path):
    directory = sources(alpha=[responses(1)])
    (directory / "mystery").mkdir()
    assert compiled(directory, tmp_path)[0].unknown_directories == ["mystery"]


def test_a_selected_source_must_have_a_directory(sources, tmp_path):
    with pytest.raises(InputError, match="someone/beta"):
        compiled(sources(alpha=[responses(1)]), tmp_path, only=["beta"])


def test_a_directory_without_sources_is_an_error(sources, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no directory of a known source"):
        compiled(tmp_path / "empty", tmp_path)


def test_the_output_must_be_parquet(sources, tmp_path):
    with pytest.raises(SettingError, match=r"\.parquet"):
        compile_benchmark(sources(alpha=[responses(1)]), tmp_path / "bench.csv", None, ONE_WORKER)


def test_a_source_digest_depends_on_names_and_contents(tmp_path):
    (tmp_path / "a").write_text("one")
    first = directory_digest(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    second = directory_digest(tmp_path)
    (tmp_path / "b").write_text("two")
    assert len({first, second, directory_digest(tmp_path)}) == 3


def test_a_chat_model_generates_missing_prompts(sources, tmp_path, chat):
    records = [{**responses(1), "prompt": "Add one."}, responses(2), {**responses(3), "signature": "def f(three)"}]
    chat.answer = lambda body: "no" if "three" in body["messages"][0]["content"] else "<request>Add two.</request>"
    manifest, rows = compiled(
        sources(alpha=records), tmp_path, prompt_writer={"url": chat.url, "served_model_name": "m"}
    )
    assert [(row["prompt"], row["prompt_source"]) for row in rows] == [
        ("Add one.", "upstream"),
        ("Add two.", "llm"),
        ("Write the Python function `def f(three)`.", "template"),
    ]
    assert manifest.prompt_failures == {"no-request": 1}


def test_a_manifest_is_displayed_as_its_sources(sources, tmp_path):
    manifest, _ = compiled(sources(alpha=[responses(1), {"reason": "no-tests"}]), tmp_path)
    (row,) = manifest.records()
    assert (row["source"], row["records"], row["kept"], row["reasons"]) == ("alpha", 2, 1, "no-tests 1")
    assert manifest.summary().startswith("1 pairs from 1 sources, 0 executable")
