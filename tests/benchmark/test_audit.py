"""The audit: each problem is put into a small benchmark and must be found, with the pair that has it."""

import json
import math

import numpy as np
import pytest
from rich.console import Console
from scipy.stats import binomtest

from themis_rm.benchmark.audit.leaks import z_scores
from themis_rm.benchmark.audit.lengths import LengthBias, clopper_pearson
from themis_rm.benchmark.audit.near import jaccard, signatures
from themis_rm.benchmark.audit.pairs import examined
from themis_rm.benchmark.audit.run import AUDIT, FINDINGS, Audit, audit
from themis_rm.benchmark.audit.settings import AuditSettings
from themis_rm.benchmark.audit.surface import surface_biases
from themis_rm.errors import InputError
from themis_rm.records import CompiledPair, Preference
from themis_rm.storage.parquet import read_rows, write_rows

QUICK = AuditSettings(ngrams=False)
SENTENCE = "return every second element of the list that is given to the function as an argument"


def function(number, change=""):
    """Return a function of many tokens that shares few shingles with that of another number."""
    steps = "\n".join(f"    v{number}_{step} = a{number} * {step} + b{number * step % 7}" for step in range(12))
    return f"def f{number}(a{number}):\n{steps}\n    return v{number}_3{change}\n"


def made(number, **changed):
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
    found = audit(tmp_path / "b.parquet", tmp_path / "out", settings, against)
    rows = list(read_rows(tmp_path / "out" / FINDINGS))
    return found, rows


def of_kind(rows, kind):
    return [(row["pair"], row["scope"], row["other"]) for row in rows if row["kind"] == kind]


def level(found, problem):
    return next(verdict.level for verdict in found.verdicts if verdict.problem == problem)


# --- duplicates ------------------------------------------------------------------------------------------------------


def test_a_pair_with_other_comments_is_the_same_pair_and_its_reverse_a_contradiction(tmp_path):
    pair = made(1)
    again = made(2, chosen="# note\n" + pair.chosen, rejected=pair.rejected)
    turned = made(3, chosen=pair.rejected, rejected=pair.chosen)
    found, rows = run(tmp_path, [pair, again, turned, made(4)])
    assert of_kind(rows, "same-pair") == [("p001", "source", "p002"), ("p002", "source", "p001")]
    assert {row[0] for row in of_kind(rows, "contradicted-pair")} == {"p001", "p002", "p003"}
    assert not of_kind(rows, "same-chosen")
    assert level(found, "contradictions") == "bad"


@pytest.mark.parametrize(
    ("changed", "scope"),
    [
        ({"group": "t1"}, "task"),
        ({}, "source"),
        ({"source": "beta"}, "sources"),
        ({"aspect": "Security_Hardness"}, "criteria"),
    ],
)
def test_a_shared_answer_is_told_with_how_far_apart_the_pairs_are(tmp_path, changed, scope):
    _, rows = run(tmp_path, [made(1), made(2, chosen=made(1).chosen, **changed)])
    assert of_kind(rows, "same-chosen") == [("p001", scope, "p002"), ("p002", scope, "p001")]
    assert not of_kind(rows, "same-rejected")


def test_a_better_answer_that_is_rejected_elsewhere_is_found_though_it_is_no_contradiction(tmp_path):
    found, rows = run(tmp_path, [made(1), made(2, rejected=made(1).chosen)])
    assert of_kind(rows, "chosen-is-rejected") == [("p001", "source", "p002")]
    assert level(found, "contradictions") == "fine"


def test_pairs_about_layout_have_equal_tokens_and_are_no_duplicates_of_their_own(tmp_path):
    layout = {"aspect": "Readability_Maintainability", "chosen": "x = f( 1 )\n", "rejected": "x = f(1)\n"}
    found, rows = run(tmp_path, [made(1, **layout), made(2)])
    assert of_kind(rows, "whitespace-only") == [("p001", "", "")]
    assert not of_kind(rows, "contradicted-pair") + of_kind(rows, "same-pair")
    assert level(found, "no-difference") == "fine"


# --- near duplicates -------------------------------------------------------------------------------------------------


def test_a_pair_with_one_token_changed_on_both_sides_is_a_near_duplicate(tmp_path):
    found, rows = run(tmp_path, [made(1), made(2, chosen=function(1, " + 5"), rejected=function(1, " + 6")), made(3)])
    assert of_kind(rows, "near-duplicate") == [("p001", "source", "p002"), ("p002", "source", "p001")]
    assert [cluster.first for cluster in found.clusters] == [["p001", "p002"]]
    assert level(found, "near-duplicates") != "fine"


def test_near_duplicates_the_other_way_round_are_told_apart(tmp_path):
    long = function(1) + "\n".join(f"def g{i}(x):\n    return x + {i} * h{i}(x)" for i in range(4))
    other = made(2, chosen=made(1).rejected + "\ny = 1", rejected=long + "\ny = 1")
    _, rows = run(tmp_path, [made(1, chosen=long), other])
    assert of_kind(rows, "near-contradiction") == [("p001", "source", "p002"), ("p002", "source", "p001")]
    assert not of_kind(rows, "near-duplicate")


def test_short_answers_do_not_fall_into_one_cluster(tmp_path):
    pairs = [made(i, chosen=f"x{i} = {i}\n", rejected=f"y{i} = {i}\n") for i in range(1, 40)]
    found, rows = run(tmp_path, pairs)
    assert not found.clusters
    assert not of_kind(rows, "near-duplicate")


def test_min_hash_estimates_the_jaccard_index():
    pool = np.arange(1, 3001, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    one, other = np.unique(pool[:2000]), np.unique(pool[1000:])
    signed = signatures([one, other], 1024)
    true = jaccard(one, other)
    assert true == pytest.approx(1 / 3)
    # Five standard errors of a share of 1,024 draws.
    assert abs((signed[0] == signed[1]).mean() - true) < 5 * math.sqrt(true * (1 - true) / 1024)


@pytest.mark.parametrize(("one", "other", "index"), [([], [], 1.0), ([], [1], 0.0), ([1, 2], [2, 3], 1 / 3)])
def test_the_jaccard_index(one, other, index):
    assert jaccard(np.array(one, np.uint64), np.array(other, np.uint64)) == pytest.approx(index)


# --- lengths ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wins", "n"), [(0, 7), (7, 7), (3, 11), (40, 50)])
def test_the_interval_of_a_share_is_that_of_scipy(wins, n):
    wanted = binomtest(wins, n).proportion_ci(0.95, "exact")
    assert clopper_pearson(wins, n, 0.95) == pytest.approx((wanted.low, wanted.high))


def test_the_better_rule_of_length_explains_and_equal_lengths_count_half():
    pairs = [
        made(1, chosen="aaaa", rejected="a"),
        made(2, chosen="a", rejected="aa"),
        made(3, chosen="a", rejected="aaa"),
        made(4, chosen="a", rejected="b"),
    ]
    bias = LengthBias.of(pairs, 0.95)
    assert (bias.longer, bias.shorter, bias.share) == (1, 2, pytest.approx(1 / 3))
    assert bias.explained == pytest.approx((2 + 0.5) / 4)
    assert bias.log_ratio == pytest.approx(-math.log(2) / 2)


def test_a_benchmark_whose_longer_answers_win_is_bad(tmp_path):
    found, _ = run(tmp_path, [made(i, chosen=function(i) + "z = 1\n") for i in range(12)])
    assert level(found, "length") == "bad"
    assert found.verdicts[0].level == "bad"
    assert found.lengths.cells["Functional_Correctness"]["Python"].share == 1.0
    assert found.lengths.explained == 1.0


# --- labels ----------------------------------------------------------------------------------------------------------


def test_words_of_right_and_wrong_and_file_names_on_one_side_are_found(tmp_path):
    told = made(1, rejected="# the buggy one\n" + made(1).rejected)
    named = made(2, chosen="# taken from CWE-89/safe_query.py\n" + made(2).chosen)
    both = made(3, chosen="# fix me\n" + made(3).chosen, rejected="# fix me\n" + made(3).rejected)
    included = {"language": "C", "chosen": "#include <md5.h>\nint a;\n", "rejected": "#include <sha.h>\nint b;\n"}
    _, rows = run(tmp_path, [told, named, both, made(4, **included)])
    assert [(row["pair"], row["detail"]) for row in rows if row["kind"] == "telling-word"] == [("p001", "buggy")]
    assert [(row["pair"], row["detail"]) for row in rows if row["kind"] == "label-name"] == [
        ("p002", "cwe-89"),
        ("p002", "safe_query.py"),
    ]


def test_a_renamed_function_in_the_chosen_answers_of_one_source_is_found(tmp_path):
    pairs = [made(i) for i in range(30)]
    pairs += [made(i, source="beta", chosen=function(i).replace(f"f{i}(", "neat_name(")) for i in range(30, 60)]
    found, rows = run(tmp_path, pairs)
    strongest = found.words[0]
    assert (strongest.source, strongest.word, strongest.chosen, strongest.rejected) == ("beta", "neat_name", 30, 0)
    assert strongest.artifact
    assert {row["pair"] for row in rows if row["kind"] == "one-sided-word"} == {f"p{i:03d}" for i in range(30, 60)}
    assert not [word for word in found.words if word.source == "alpha"]


def test_a_word_counts_once_for_each_task(tmp_path):
    chosen = [function(i).replace(f"f{i}(", "neat(") for i in range(30)]
    found, _ = run(tmp_path, [made(i, chosen=chosen[i], group="one") for i in range(30)])
    assert not found.words


def test_comments_on_one_side_alone_are_found_whatever_they_say(tmp_path):
    pairs = [made(i, rejected=f"# w{'xyz'[i % 3]}{chr(97 + i)}\n" + made(i).rejected) for i in range(20)]
    found, _ = run(tmp_path, pairs)
    assert ("#", 0, 20) in [(word.word, word.chosen, word.rejected) for word in found.words]


def test_the_log_odds_worked_by_hand():
    # Of 20 tasks 8 against 1; the prior counts for 10, of which 2 have the word, and one more with and one without it.
    found = z_scores(np.array([8.0]), np.array([1.0]), 20, np.array([0.2]), 10.0)
    odds = math.log(11 / 21) - math.log(4 / 28)
    assert found[0] == pytest.approx(odds / math.sqrt(1 / 11 + 1 / 4))


def test_a_word_that_differs_everywhere_needs_more_to_stand_out():
    rare, usual = z_scores(np.array([9.0, 9.0]), np.array([0.0, 0.0]), 50, np.array([0.0, 0.4]), 10.0)
    assert rare > usual > 0


# --- surface ---------------------------------------------------------------------------------------------------------


def test_n_grams_find_a_word_that_tells_but_not_what_only_one_task_shows():
    told = [made(i, chosen=f"value = neat({i})\n", rejected=f"value = poor({i})\n") for i in range(40)]
    untold = [made(i, chosen=f"a{i} = {i}\n", rejected=f"b{i} = {i}\n") for i in range(40)]
    assert surface_biases(examined(told), 0.95)["Functional_Correctness"].accuracy == 1.0
    assert surface_biases(examined(untold), 0.95)["Functional_Correctness"].accuracy == pytest.approx(0.5, abs=0.25)


def test_one_task_is_not_enough_for_n_grams():
    assert surface_biases(examined([made(i, group="one") for i in range(5)]), 0.95) == {}


# --- shape -----------------------------------------------------------------------------------------------------------


def test_requests_of_many_pairs_tasks_and_answers_that_do_not_parse(tmp_path):
    pairs = [made(i, prompt="Write Python code.", prompt_source="template", group="t") for i in range(3)]
    pairs += [made(3, rejected="def f(:\n"), made(4, verified="disagrees"), made(5, verified="agrees")]
    found, rows = run(tmp_path, pairs, QUICK.model_copy(update={"repeats": 3}))
    assert [(repeat.pairs, repeat.prompt_source) for repeat in found.shape.repeats] == [(3, "template")]
    shape = found.shape.by_source["alpha"]
    assert (shape.tasks, shape.largest_task, shape.broken_one_side) == (4, 3, 1)
    assert shape.effective == pytest.approx(36 / 12)
    assert of_kind(rows, "one-side-broken") == [("p003", "", "")]
    assert of_kind(rows, "execution-disagrees") == [("p004", "", "")]
    assert level(found, "execution") == "bad"


# --- training set ----------------------------------------------------------------------------------------------------


def preference(number, text, **changed):
    values = {"chosen": "a", "rejected": "b", "language": "Python", "aspect": "Functional Correctness"}
    return Preference(**{**values, "system": None, "input": text, "source": "s", "idx": str(number), **changed})


def test_requests_in_a_training_set_are_found_and_templates_told_apart(tmp_path):
    pairs = [
        made(1, prompt=f"Please {SENTENCE}."),
        made(2, prompt=SENTENCE.replace("given", "passed")),
        made(3, prompt="Sort it.", prompt_source="template"),
        made(4, prompt="Sort them."),
    ]
    rows = [preference(0, "Other."), preference(1, f"Hello! {SENTENCE.upper()}"), preference(2, "sort it")]
    write_rows(tmp_path / "train" / "a.parquet", rows, Preference.schema())
    found, findings = run(tmp_path, pairs, against=tmp_path / "train")
    overlap = found.overlap
    assert (overlap.rows, overlap.rows_shared) == (3, 2)
    assert (overlap.prompts.texts, overlap.prompts.any, overlap.prompts.short) == (3, 1, 1)
    assert (overlap.templates.texts, overlap.templates.any, overlap.templates.whole) == (1, 1, 1)
    told = [(row["pair"], row["other"]) for row in findings if row["kind"] == "prompt-in-training"]
    assert told == [("p001", "row 1"), ("p003", "row 2")]
    assert level(found, "training-overlap") == "bad"


def test_answers_are_looked_up_where_asked_for(tmp_path):
    write_rows(tmp_path / "train.parquet", [preference(0, "Other.", rejected=function(1))], Preference.schema())
    settings = QUICK.model_copy(update={"answers": True})
    found, findings = run(tmp_path, [made(1), made(2)], settings, tmp_path / "train.parquet")
    assert found.overlap.answers.texts == 4
    assert {row["pair"] for row in findings if row["kind"] == "answer-in-training"} == {"p001"}


def test_another_benchmark_serves_as_a_training_set(tmp_path):
    write_rows(tmp_path / "other.parquet", [made(7, prompt="Do task 1.")], CompiledPair.schema())
    found, _ = run(tmp_path, [made(1), made(2)], against=tmp_path / "other.parquet")
    assert found.overlap.prompts.whole == 1


def test_a_training_set_without_requests_is_refused(tmp_path):
    commits = [{"id": "1", "text": "x"}]
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(commits), tmp_path / "odd.parquet")
    with pytest.raises(InputError, match="lacks the columns to compare prompts"):
        run(tmp_path, [made(1)], against=tmp_path / "odd.parquet")


# --- the whole -------------------------------------------------------------------------------------------------------


def test_two_audits_write_the_same_bytes_and_load_again(tmp_path):
    pairs = [made(i, chosen=function(i % 4) + f"k = {i}\n") for i in range(12)]
    run(tmp_path, pairs, AuditSettings())
    first = [(tmp_path / "out" / name).read_bytes() for name in (AUDIT, FINDINGS)]
    found, _ = run(tmp_path, pairs, AuditSettings())
    assert [(tmp_path / "out" / name).read_bytes() for name in (AUDIT, FINDINGS)] == first
    assert Audit.load(tmp_path / "out" / AUDIT) == found
    assert json.loads(first[0])["pairs"] == 12


def test_the_authored_benchmark_can_be_audited_and_its_table_fits_100_columns(tmp_path):
    found = audit("authored", tmp_path, QUICK)
    console = Console(width=100, record=True, file=(tmp_path / "out.txt").open("w"))
    console.print(found.table())
    text = console.export_text()
    assert "Length alone explains" in text
    assert max(map(len, text.splitlines())) <= 100
    assert text.index(found.verdicts[0].problem) < text.index("The longer answer")


def test_a_file_that_is_no_audit_is_refused(tmp_path):
    (tmp_path / "audit.json").write_text("{}")
    with pytest.raises(InputError, match="not a valid audit"):
        Audit.load(tmp_path / "audit.json")
