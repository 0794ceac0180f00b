"""The audit: each problem is inserted into a small benchmark and must be found, with the affected pair."""

import json
import math

import numpy as np
import pytest
from rich.console import Console
from tests.dataset.adapters.test_formats import ASK, BAD, ROWS

from themis_rm.benchmark.audit.features import extract_features, read_pairs
from themis_rm.benchmark.audit.leaks import z_scores
from themis_rm.benchmark.audit.lengths import LengthBias
from themis_rm.benchmark.audit.near_duplicates import jaccard, minhash_signatures
from themis_rm.benchmark.audit.run import AUDIT, FINDINGS, Audit, audit
from themis_rm.benchmark.audit.settings import AuditSettings
from themis_rm.benchmark.audit.surface import surface_biases
from themis_rm.errors import InputError
from themis_rm.records import CompiledPair, Preference
from themis_rm.storage.parquet import read_rows, write_rows

QUICK = AuditSettings(fit_ngrams=False)
SENTENCE = "return every second element of the list that is given to the function as an argument"


def function(number, change=""):
    """Return a function of many tokens that shares few shingles with the function of another number."""
    steps = "\n".join(f"    v{number}_{step} = a{number} * {step} + b{number * step % 7}" for step in range(12))
    return f"def f{number}(a{number}):\n{steps}\n    return v{number}_3{change}\n"


def make_pair(number, **changed):
    values = {
        "id": f"p{number:03d}",
        "prompt": f"Do task {number}.",
        "chosen": function(number),
        "rejected": function(number, " + 1"),
        "aspect": "Functional_Correctness",
        "language": "Python",
        "subset": "ALPHA",
        "source": "alpha",
        "group": f"t{number}",
        "prompt_source": "upstream",
    }
    return CompiledPair(**{**values, **changed})


def run(tmp_path, pairs, settings=QUICK, against=None):
    write_rows(tmp_path / "b.parquet", pairs, CompiledPair.schema())
    result = audit(tmp_path / "b.parquet", tmp_path / "out", settings, against)
    return result, list(read_rows(tmp_path / "out" / FINDINGS))


def of_kind(rows, kind):
    return [(row["pair"], row["scope"], row["other"]) for row in rows if row["kind"] == kind]


def level(result, name):
    return next(check.level for check in result.checks if check.name == name)


# --- duplicates ------------------------------------------------------------------------------------------------------


def test_pairs_that_differ_in_comments_are_the_same_and_exchanged_labels_are_a_contradiction(tmp_path):
    pair = make_pair(1)
    same = make_pair(2, chosen="# note\n" + pair.chosen, rejected=pair.rejected)
    exchanged = make_pair(3, chosen=pair.rejected, rejected=pair.chosen)
    result, rows = run(tmp_path, [pair, same, exchanged, make_pair(4)])
    assert of_kind(rows, "same-pair") == [("p001", "same-source", "p002"), ("p002", "same-source", "p001")]
    assert {row[0] for row in of_kind(rows, "contradicted-pair")} == {"p001", "p002", "p003"}
    assert not of_kind(rows, "same-chosen")
    assert level(result, "contradictions") == "error"


@pytest.mark.parametrize(
    ("changed", "scope"),
    [
        ({"group": "t1"}, "same-task"),
        ({}, "same-source"),
        ({"source": "beta"}, "cross-source"),
        ({"aspect": "Security_Hardness"}, "cross-criterion"),
    ],
)
def test_a_shared_response_is_reported_with_the_relation_of_the_pairs(tmp_path, changed, scope):
    _, rows = run(tmp_path, [make_pair(1), make_pair(2, chosen=make_pair(1).chosen, **changed)])
    assert of_kind(rows, "same-chosen") == [("p001", scope, "p002"), ("p002", scope, "p001")]
    assert not of_kind(rows, "same-rejected")


def test_a_chosen_response_that_another_pair_rejects_is_found_and_not_a_contradiction(tmp_path):
    result, rows = run(tmp_path, [make_pair(1), make_pair(2, rejected=make_pair(1).chosen)])
    assert of_kind(rows, "chosen-is-rejected") == [("p001", "same-source", "p002")]
    assert level(result, "contradictions") == "ok"


def test_pairs_about_layout_have_equal_tokens_and_are_not_duplicates(tmp_path):
    layout = {"aspect": "Readability_Maintainability", "chosen": "x = f( 1 )\n", "rejected": "x = f(1)\n"}
    result, rows = run(tmp_path, [make_pair(1, **layout), make_pair(2)])
    assert of_kind(rows, "whitespace-only") == [("p001", "", "")]
    assert not of_kind(rows, "contradicted-pair") + of_kind(rows, "same-pair")
    assert level(result, "no-difference") == "ok"


# --- near duplicates -------------------------------------------------------------------------------------------------


def test_a_pair_with_one_token_changed_on_both_sides_is_a_near_duplicate(tmp_path):
    result, rows = run(
        tmp_path, [make_pair(1), make_pair(2, chosen=function(1, " + 5"), rejected=function(1, " + 6")), make_pair(3)]
    )
    assert of_kind(rows, "near-duplicate") == [("p001", "same-source", "p002"), ("p002", "same-source", "p001")]
    assert [cluster.first for cluster in result.clusters] == [["p001", "p002"]]
    assert level(result, "near-duplicates") != "ok"


def test_near_duplicates_with_exchanged_labels_are_near_contradictions(tmp_path):
    long = function(1) + "\n".join(f"def g{i}(x):\n    return x + {i} * h{i}(x)" for i in range(4))
    other = make_pair(2, chosen=make_pair(1).rejected + "\ny = 1", rejected=long + "\ny = 1")
    _, rows = run(tmp_path, [make_pair(1, chosen=long), other])
    assert of_kind(rows, "near-contradiction") == [("p001", "same-source", "p002"), ("p002", "same-source", "p001")]
    assert not of_kind(rows, "near-duplicate")


def test_short_responses_do_not_form_a_cluster(tmp_path):
    pairs = [make_pair(i, chosen=f"x{i} = {i}\n", rejected=f"y{i} = {i}\n") for i in range(1, 40)]
    result, rows = run(tmp_path, pairs)
    assert not result.clusters
    assert not of_kind(rows, "near-duplicate")


def test_minhash_estimates_the_jaccard_index():
    pool = np.arange(1, 3001, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    first, second = np.unique(pool[:2000]), np.unique(pool[1000:])
    signatures = minhash_signatures([first, second], 1024)
    true = jaccard(first, second)
    assert true == pytest.approx(1 / 3)
    # Five standard errors of a share of 1,024 draws.
    assert abs((signatures[0] == signatures[1]).mean() - true) < 5 * math.sqrt(true * (1 - true) / 1024)


@pytest.mark.parametrize(("first", "second", "index"), [([], [], 1.0), ([], [1], 0.0), ([1, 2], [2, 3], 1 / 3)])
def test_the_jaccard_index_of_small_sets(first, second, index):
    assert jaccard(np.array(first, np.uint64), np.array(second, np.uint64)) == pytest.approx(index)


# --- lengths ---------------------------------------------------------------------------------------------------------


def test_length_bias_uses_the_better_rule_and_counts_equal_lengths_half():
    pairs = [
        make_pair(1, chosen="aaaa", rejected="a"),
        make_pair(2, chosen="a", rejected="aa"),
        make_pair(3, chosen="a", rejected="aaa"),
        make_pair(4, chosen="a", rejected="b"),
    ]
    bias = LengthBias.of(pairs, 0.95)
    assert (bias.longer, bias.shorter, bias.share) == (1, 2, pytest.approx(1 / 3))
    assert bias.explained == pytest.approx((2 + 0.5) / 4)
    assert bias.log_ratio == pytest.approx(-math.log(2) / 2)


def test_a_benchmark_in_which_the_longer_response_always_wins_is_an_error(tmp_path):
    result, _ = run(tmp_path, [make_pair(i, chosen=function(i) + "z = 1\n") for i in range(12)])
    assert level(result, "length") == "error"
    assert result.checks[0].level == "error"
    assert result.lengths.cells["Functional_Correctness"]["Python"].share == 1.0
    assert result.lengths.explained == 1.0


# --- labels ----------------------------------------------------------------------------------------------------------


def test_label_words_and_file_names_on_one_side_are_found(tmp_path):
    worded = make_pair(1, rejected="# the buggy one\n" + make_pair(1).rejected)
    named = make_pair(2, chosen="# taken from CWE-89/safe_query.py\n" + make_pair(2).chosen)
    both = make_pair(3, chosen="# fix me\n" + make_pair(3).chosen, rejected="# fix me\n" + make_pair(3).rejected)
    included = {"language": "C", "chosen": "#include <md5.h>\nint a;\n", "rejected": "#include <sha.h>\nint b;\n"}
    _, rows = run(tmp_path, [worded, named, both, make_pair(4, **included)])
    assert [(row["pair"], row["detail"]) for row in rows if row["kind"] == "label-word"] == [("p001", "buggy")]
    assert [(row["pair"], row["detail"]) for row in rows if row["kind"] == "label-name"] == [
        ("p002", "cwe-89"),
        ("p002", "safe_query.py"),
    ]


def test_a_renamed_function_in_the_chosen_responses_of_one_source_is_found(tmp_path):
    pairs = [make_pair(i) for i in range(30)]
    pairs += [make_pair(i, source="beta", chosen=function(i).replace(f"f{i}(", "neat_name(")) for i in range(30, 60)]
    result, rows = run(tmp_path, pairs)
    strongest = result.words[0]
    assert (strongest.source, strongest.word, strongest.chosen, strongest.rejected) == ("beta", "neat_name", 30, 0)
    assert strongest.is_artifact
    assert {row["pair"] for row in rows if row["kind"] == "one-sided-word"} == {f"p{i:03d}" for i in range(30, 60)}
    assert not [word for word in result.words if word.source == "alpha"]


def test_a_word_counts_once_per_task(tmp_path):
    chosen = [function(i).replace(f"f{i}(", "neat(") for i in range(30)]
    result, _ = run(tmp_path, [make_pair(i, chosen=chosen[i], group="one") for i in range(30)])
    assert not result.words


def test_comments_on_one_side_only_are_found_for_any_content(tmp_path):
    pairs = [make_pair(i, rejected=f"# w{'xyz'[i % 3]}{chr(97 + i)}\n" + make_pair(i).rejected) for i in range(20)]
    result, _ = run(tmp_path, pairs)
    assert ("#", 0, 20) in [(word.word, word.chosen, word.rejected) for word in result.words]


def test_the_z_score_of_a_small_example():
    # 20 tasks, 8 against 1; the prior weighs 10 tasks, 2 of them with the word, plus one task with and one without.
    scores = z_scores(np.array([8.0]), np.array([1.0]), 20, np.array([0.2]), 10.0)
    odds = math.log(11 / 21) - math.log(4 / 28)
    assert scores[0] == pytest.approx(odds / math.sqrt(1 / 11 + 1 / 4))


def test_a_word_that_differs_everywhere_has_a_lower_score():
    rare, usual = z_scores(np.array([9.0, 9.0]), np.array([0.0, 0.0]), 50, np.array([0.0, 0.4]), 10.0)
    assert rare > usual > 0


# --- surface ---------------------------------------------------------------------------------------------------------


def test_ngrams_learn_a_word_of_many_tasks_but_not_of_a_single_task():
    predictive = [make_pair(i, chosen=f"value = neat({i})\n", rejected=f"value = poor({i})\n") for i in range(40)]
    unpredictive = [make_pair(i, chosen=f"a{i} = {i}\n", rejected=f"b{i} = {i}\n") for i in range(40)]
    assert surface_biases(extract_features(predictive), 0.95)["Functional_Correctness"].accuracy == 1.0
    assert surface_biases(extract_features(unpredictive), 0.95)["Functional_Correctness"].accuracy == pytest.approx(
        0.5, abs=0.25
    )


def test_one_task_is_not_enough_for_ngrams():
    assert surface_biases(extract_features([make_pair(i, group="one") for i in range(5)]), 0.95) == {}


# --- statistics -------------------------------------------------------------------------------------------------------


def test_repeated_prompts_tasks_and_unparsable_responses_are_counted(tmp_path):
    pairs = [make_pair(i, prompt="Write Python code.", prompt_source="template", group="t") for i in range(3)]
    pairs += [make_pair(3, rejected="def f(:\n"), make_pair(4, verified="disagrees"), make_pair(5, verified="agrees")]
    result, rows = run(tmp_path, pairs, QUICK.model_copy(update={"min_repeats": 3}))
    repeated = result.statistics.repeated_prompts
    assert [(prompt.pairs, prompt.prompt_source) for prompt in repeated] == [(3, "template")]
    source = result.statistics.by_source["alpha"]
    assert (source.tasks, source.largest_task, source.unparsable_one_side) == (4, 3, 1)
    assert source.effective_tasks == pytest.approx(36 / 12)
    assert of_kind(rows, "unparsable-one-side") == [("p003", "", "")]
    assert of_kind(rows, "execution-disagrees") == [("p004", "", "")]
    assert level(result, "execution") == "error"


# --- training set ----------------------------------------------------------------------------------------------------


def preference(number, text, **changed):
    values = {"chosen": "a", "rejected": "b", "language": "Python", "aspect": "Functional Correctness"}
    return Preference(**{**values, "system": None, "input": text, "source": "s", "idx": str(number), **changed})


def test_prompts_in_a_training_set_are_found_and_templates_counted_separately(tmp_path):
    pairs = [
        make_pair(1, prompt=f"Please {SENTENCE}."),
        make_pair(2, prompt=SENTENCE.replace("given", "passed")),
        make_pair(3, prompt="Sort it.", prompt_source="template"),
        make_pair(4, prompt="Sort them."),
    ]
    rows = [preference(0, "Other."), preference(1, f"Hello! {SENTENCE.upper()}"), preference(2, "sort it")]
    write_rows(tmp_path / "train" / "a.parquet", rows, Preference.schema())
    result, findings = run(tmp_path, pairs, against=tmp_path / "train")
    overlap = result.overlap
    assert (overlap.rows, overlap.rows_shared) == (3, 2)
    assert (overlap.prompts.texts, overlap.prompts.any, overlap.prompts.short) == (3, 1, 1)
    assert (overlap.templates.texts, overlap.templates.any, overlap.templates.all) == (1, 1, 1)
    matches = [(row["pair"], row["other"]) for row in findings if row["kind"] == "prompt-in-training"]
    assert matches == [("p001", "row 1"), ("p003", "row 2")]
    assert level(result, "training-overlap") == "error"


def test_responses_are_searched_for_on_request(tmp_path):
    write_rows(tmp_path / "train.parquet", [preference(0, "Other.", rejected=function(1))], Preference.schema())
    settings = QUICK.model_copy(update={"check_responses": True})
    result, findings = run(tmp_path, [make_pair(1), make_pair(2)], settings, tmp_path / "train.parquet")
    assert result.overlap.responses.texts == 4
    assert {row["pair"] for row in findings if row["kind"] == "response-in-training"} == {"p001"}


def test_another_benchmark_can_be_the_training_set(tmp_path):
    write_rows(tmp_path / "other.parquet", [make_pair(7, prompt="Do task 1.")], CompiledPair.schema())
    result, _ = run(tmp_path, [make_pair(1), make_pair(2)], against=tmp_path / "other.parquet")
    assert result.overlap.prompts.all == 1


def test_a_training_set_without_preferences_is_refused_with_its_columns(tmp_path):
    (tmp_path / "odd.jsonl").write_text('{"id": "1", "text": "x"}\n')
    with pytest.raises(InputError, match=r"no known preference format.* id \(text\), text \(text\)"):
        run(tmp_path, [make_pair(1)], against=tmp_path / "odd.jsonl")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ROWS)
def test_preference_data_of_any_format_can_be_searched(tmp_path, name):
    (tmp_path / "data.jsonl").write_text(json.dumps(ROWS[name]) + "\n")
    settings = QUICK.model_copy(update={"check_responses": True})
    result, _ = run(tmp_path, [make_pair(1, prompt=ASK, chosen=BAD, rejected="x")], settings, tmp_path / "data.jsonl")
    assert (result.overlap.rows, result.overlap.prompts.all, result.overlap.responses.all) == (1, 1, 1)


def test_rows_with_several_pairs_count_once_and_unusable_rows_by_reason(tmp_path):
    rows = [
        {"prompt": ASK, "chosen": ["a", "b"], "rejected": ["c", "d"]},
        {"prompt": ASK, "chosen": [], "rejected": []},
    ]
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result, _ = run(tmp_path, [make_pair(1, prompt=ASK)], against=tmp_path / "data.jsonl")
    assert (result.overlap.rows, result.overlap.rows_shared) == (2, 1)
    assert result.overlap.rejected == {"empty-chosen": 1}


def test_earlier_turns_of_a_training_prompt_are_searched(tmp_path):
    turns = [
        {"role": "user", "content": ASK},
        {"role": "assistant", "content": "x"},
        {"role": "user", "content": "Continue."},
    ]
    (tmp_path / "data.jsonl").write_text(json.dumps({"prompt": turns, "chosen": "a", "rejected": "b"}) + "\n")
    result, _ = run(tmp_path, [make_pair(1, prompt=ASK)], against=tmp_path / "data.jsonl")
    assert result.overlap.prompts.all == 1


def test_a_benchmark_with_several_turns_in_json_lines_is_audited_with_its_groups(tmp_path):
    turns = [
        {"role": "user", "content": ASK},
        {"role": "assistant", "content": "x"},
        {"role": "user", "content": "Continue."},
    ]
    row = {"id": "7", "prompt": turns, "chosen": function(1), "rejected": function(2), "group": "g"}
    (tmp_path / "bench.jsonl").write_text(json.dumps(row) + "\n")
    _, (pair,) = read_pairs(tmp_path / "bench.jsonl")
    assert (pair.prompt, pair.group) == ("Continue.", "g")


# --- result ----------------------------------------------------------------------------------------------------------


def test_two_audits_write_the_same_bytes_and_can_be_loaded(tmp_path):
    pairs = [make_pair(i, chosen=function(i % 4) + f"k = {i}\n") for i in range(12)]
    run(tmp_path, pairs, AuditSettings())
    first = [(tmp_path / "out" / name).read_bytes() for name in (AUDIT, FINDINGS)]
    result, _ = run(tmp_path, pairs, AuditSettings())
    assert [(tmp_path / "out" / name).read_bytes() for name in (AUDIT, FINDINGS)] == first
    assert Audit.load(tmp_path / "out" / AUDIT) == result
    assert json.loads(first[0])["pairs"] == 12


def test_the_authored_benchmark_can_be_audited_and_its_table_fits_100_columns(tmp_path):
    result = audit("authored", tmp_path, QUICK)
    console = Console(width=100, record=True, file=(tmp_path / "out.txt").open("w"))
    console.print(result.table())
    text = console.export_text()
    assert "A length rule per cell" in text
    assert max(map(len, text.splitlines())) <= 100
    assert text.index(result.checks[0].name) < text.index("Chosen response is longer")


def test_a_file_that_is_not_an_audit_is_rejected(tmp_path):
    (tmp_path / "audit.json").write_text("{}")
    with pytest.raises(InputError, match="not a valid audit"):
        Audit.load(tmp_path / "audit.json")


def test_an_audit_is_displayed_as_its_checks(tmp_path):
    result, _ = run(tmp_path, [make_pair(1), make_pair(2)])
    assert [row["name"] for row in result.records()] == [check.name for check in result.checks]
    assert "b.parquet, 2 pairs," in repr(result)
