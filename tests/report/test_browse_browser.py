"""Behavior of the page for judging pairs in headless Chromium."""

import json
import re
import shutil
import subprocess

import pytest
from tests.annotation.pairs import code_pair, commit, write_lines, write_pairs
from tests.report.browser import FLAGS, NAMES, drive
from tests.report.pages import HOSTILE

from themis_rm.annotation.agreement import measure_agreement
from themis_rm.annotation.settings import BrowseSettings
from themis_rm.report.browse import write_browse_page

HELPERS = """
const press = (key) => document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
const pressed = () => all("[data-answer][aria-pressed=true]").map((item) => item.dataset.answer + "=" + item.dataset.value);
const click = (name, value) => all(`[data-answer=${name}][data-value=${value}]`)[0].click();
const choose = (id, words) => set(id, [...$(id).options].find((option) => option.text.startsWith(words)).value);
const facts = () => $("facts").innerText;
const cells = () => all("#diff tr").map((row) => [...row.cells].map((cell) => cell.innerText));
const parts = [], NativeBlob = Blob;
window.Blob = class extends NativeBlob { constructor(texts, options) { super(texts, options); parts.push(...texts); } };
HTMLAnchorElement.prototype.click = function () { seen.file = this.download; };
localStorage.clear();
"""


def page_of(tmp_path, pairs, dropped=None, **settings):
    """Return a page whose policy allows the driver's scripts."""
    write_browse_page(
        write_pairs(tmp_path / "p.parquet", pairs), tmp_path / "out.html", BrowseSettings(**settings), dropped
    )
    return allow_driver((tmp_path / "out.html").read_text("utf-8"))


def allow_driver(page):
    return re.sub(r"script-src '[^']*'", "script-src 'unsafe-inline'", page, count=1)


def run(tmp_path, page, driver, width=1280):
    return drive(tmp_path, page, HELPERS + driver, width)


OLD = "def mean(values):\n    total = 0\n    for value in values:\n        total += value\n    return total / len(values)\n"
NEW = OLD.replace(
    "    return total / len", "    if not values:\n        return 0.0\n    return total / max(1, len(values))\n#"
)
LONG = "".join(f"line {n}\n" for n in range(40))

JUDGING = """
set("reader", "Ada L.");
seen.first = $("question").innerText;
press("R"); seen.right = pressed();
press("1"); press("4"); seen.all = pressed();
press("w"); seen.wrong = pressed();
press("ArrowRight"); seen.second = pressed(); seen.at = $("at").value;
press("u"); press("u"); seen.taken = pressed();
press("u");
press("ArrowRight"); click("verdict", "right");
press("ArrowRight"); seen.end = $("at").value; press("ArrowLeft"); seen.back = $("at").value;
seen.done = $("done").innerText; seen.bar = $("progress").value;
press("n"); seen.open = $("at").value;
$("at").focus(); $("at").dispatchEvent(new KeyboardEvent("keydown", { key: "r", bubbles: true })); seen.typing = pressed();
choose("status", "right"); seen.filtered = $("of").innerText;
choose("status", "not judged"); seen.left = $("of").innerText;
set("reader", "Bob"); seen.other = $("done").innerText;
set("reader", "Ada L.");
$("save").click();
seen.saved = parts.join("");
"""


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judged")
    pairs = [code_pair(n, ["SH" if n == 2 else "FC"], rejected=OLD, chosen=f"{NEW}{n}\n") for n in range(4)]
    return folder, run(folder, page_of(folder, pairs), JUDGING)


def test_the_question_names_the_criterion(judged):
    assert judged[1]["first"] == "Functional Correctness: is the chosen version better?"


def test_keys_answer_and_a_second_press_takes_an_answer_back(judged):
    seen = judged[1]
    assert seen["right"] == ["verdict=right"]
    assert seen["all"] == ["verdict=right", "self_contained=yes", "leaks=no"]
    assert seen["wrong"] == ["verdict=wrong", "self_contained=yes", "leaks=no"]
    assert seen["second"] == []
    assert seen["taken"] == []


def test_arrows_move_between_rows(judged):
    seen = judged[1]
    assert (seen["at"], seen["end"], seen["back"]) == ("2", "4", "3")


def test_progress_counts_the_verdicts(judged):
    seen = judged[1]
    assert seen["done"] == "3 of 4 judged (1 right, 1 wrong, 1 unsure)"
    assert seen["bar"] == 3
    assert seen["open"] == "4"


def test_keys_do_nothing_while_a_field_is_edited(judged):
    assert judged[1]["typing"] == []


def test_rows_are_filtered_by_what_was_judged(judged):
    assert (judged[1]["filtered"], judged[1]["left"]) == ("of 1", "of 1")


def test_readers_are_separate(judged):
    assert judged[1]["other"].startswith("0 of 4 judged")


def test_the_saved_file_has_a_line_for_each_judged_row(judged):
    seen = judged[1]
    lines = [json.loads(line) for line in seen["saved"].splitlines()]
    assert seen["file"] == "judgments-Ada-L-.jsonl"
    answers = [(line["id"], line["verdict"], line["self_contained"], line["leaks"]) for line in lines]
    assert answers == [
        ("pair0:FC", "wrong", True, False),
        ("pair1:FC", "unsure", None, None),
        ("pair2:SH", "right", None, None),
    ]
    assert {(line["reader"], line["blind"]) for line in lines} == {("Ada L.", False)}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", lines[0]["time"])


def test_the_saved_file_is_read_by_agreement(judged):
    folder, seen = judged
    (folder / "j.jsonl").write_text(seen["saved"], "utf-8")
    results = measure_agreement(folder / "p.parquet", [folder / "j.jsonl"])
    assert (results.overall.right.count, results.overall.right.total, results.overall.undecided) == (1, 2, 1)
    assert not results.rejected


DIFFS = """
seen.split = cells();
seen.marks = all("#diff del").map((item) => item.textContent).concat(all("#diff ins").map((item) => "+" + item.textContent));
press("v"); seen.unified = cells();
press("ArrowRight"); seen.folded = cells().length; seen.gap = text("#diff .gap button");
all("#diff .gap button")[0].click(); seen.unfolded = cells().length;
press("ArrowRight"); seen.ends = cells();
press("ArrowRight"); seen.returns = cells();
press("ArrowRight"); seen.hidden = cells();
press("ArrowRight"); seen.empty = cells();
"""


@pytest.fixture(scope="module")
def diffs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("diffs")
    texts = [
        (OLD, OLD.replace("total / len(values)", "total / max(1, len(values))").replace("    total = 0\n", "")),
        (LONG, LONG.replace("line 20\n", "line twenty\n")),
        ("a\nb\n", "a\nb"),
        ("a\r\nb\r\n", "a\r\nc\r\n"),
        ("x = 1\n", "x\u200b = 1\u202e\n"),
    ]
    pairs = [code_pair(n, rejected=old, chosen=new) for n, (old, new) in enumerate(texts)]
    dropped = write_lines(folder / "d.jsonl", [commit(1, old_contents="a\n", new_contents="").to_dict()])
    return run(folder, page_of(folder, pairs, dropped), DIFFS)


def test_sides_are_aligned(diffs):
    assert diffs["split"] == [
        ["1", "def mean(values):", "1", "def mean(values):"],
        ["2", "    total = 0", "", ""],
        ["3", "    for value in values:", "2", "    for value in values:"],
        ["4", "        total += value", "3", "        total += value"],
        ["5", "    return total / len(values)", "4", "    return total / max(1, len(values))"],
    ]


def test_words_that_differ_are_marked(diffs):
    assert diffs["marks"] == ["+max(1, ", "+)"]


def test_the_unified_view_has_removed_lines_before_added_ones(diffs):
    assert [row[2:] for row in diffs["unified"]][1] == ["−", "    total = 0"]
    assert diffs["unified"][-2:] == [
        ["5", "", "−", "    return total / len(values)"],
        ["", "4", "+", "    return total / max(1, len(values))"],
    ]


def test_unchanged_lines_are_folded_and_shown_on_request(diffs):
    assert diffs["gap"] == ["17 unchanged lines", "16 unchanged lines"]
    assert diffs["folded"] == 1 + 3 + 2 + 3 + 1
    assert diffs["unfolded"] == diffs["folded"] + 16


def test_a_missing_line_end_is_visible(diffs):
    assert diffs["ends"][1:] == [["2", "", "−", "b"], ["", "2", "+", "b⟨no line end⟩"]]


def test_carriage_returns_of_all_lines_are_not_shown(diffs):
    assert [row[3] for row in diffs["returns"]] == ["a", "b", "c"]


def test_invisible_characters_are_visible(diffs):
    assert diffs["hidden"][1][3] == "x⟨U+200B⟩ = 1⟨U+202E⟩"


def test_an_empty_side_is_shown(diffs):
    assert diffs["empty"] == [["1", "", "−", "a"]]


FILTERS = """
const hiddenSelects = () => all("#filters label[hidden]").map((item) => item.id);
seen.hiddenSelects = hiddenSelects();
seen.options = [...$("criterion").options].map((option) => option.text);
choose("criterion", "Security"); seen.criterion = $("of").innerText;
choose("language", "Go"); seen.both = $("of").innerText;
choose("criterion", "all"); choose("language", "all");
choose("reason", "no-criterion"); seen.reason = facts(); seen.question = $("question").innerText;
choose("reason", "not dropped"); seen.kept = $("of").innerText;
choose("reason", "all");
set("text", "ADD 3 TO"); seen.text = $("of").innerText;
set("text", "nowhere"); seen.none = !$("none").hidden && $("row").hidden && all("[data-answer]").every((item) => item.disabled);
press("r");
set("text", ""); seen.all = $("of").innerText;
seen.columns = text("#columns dt");
"""


@pytest.fixture(scope="module")
def filters(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filters")
    pairs = [code_pair(n, ["FC", "SH"][: 1 + n % 2], ["C", "Go"][n // 3]) for n in range(6)]
    dropped = write_lines(
        folder / "d.jsonl", [commit(n).to_dict() | {"filter_reason": "no-criterion"} for n in range(2)]
    )
    return run(folder, page_of(folder, pairs, dropped), FILTERS)


def test_criteria_and_languages_are_filtered_together(filters):
    assert (filters["criterion"], filters["both"]) == ("of 3", "of 2")
    assert filters["options"] == ["all", "none (2)", "Functional Correctness (6)", "Security Hardness (3)"]


def test_a_filter_with_one_value_is_not_shown(filters):
    assert filters["hiddenSelects"] == ["label-source", "label-repository", "label-task"]


def test_dropped_rows_are_filtered_by_reason(filters):
    assert filters["reason"].endswith("dropped: no-criterion")
    assert filters["question"] == "is it right to drop this row as no-criterion?"
    assert filters["kept"] == "of 9"


def test_texts_are_searched(filters):
    assert (filters["text"], filters["all"]) == ("of 2", "of 11")
    assert filters["none"]


def test_all_columns_are_shown(filters):
    assert {"id", "digest", "repos", "file_path", "license", "origin"} <= set(filters["columns"])


BLIND = """
set("reader", "Ada");
seen.before = [$("label").hidden, $("more").hidden, $("columns").children.length];
seen.left = cells()[0][1];
press("r"); seen.ignored = pressed();
press("a"); seen.after = [$("label").hidden, $("more").hidden]; seen.label = $("label").innerText; seen.pressed = pressed();
seen.done = $("done").innerText;
press("ArrowRight"); press("b"); press("ArrowRight"); press("u");
seen.verdicts = Object.entries(localStorage).filter(([key]) => key.startsWith("themis-judgment")).map(([, value]) => JSON.parse(value).verdict).sort();
"""


def test_blind_mode_hides_the_label_until_a_row_is_judged(tmp_path):
    pairs = [code_pair(n, chosen=f"better {n}\n", rejected=f"worse {n}\n") for n in range(3)]
    page = page_of(tmp_path, pairs, blind=True)
    seen = run(tmp_path, page, BLIND)
    flipped = [row["flipped"] for row in json.loads(re.search(r'id="data">(.*?)</script>', page)[1])["rows"]]
    assert seen["before"] == [True, True, 0]
    assert seen["left"] == ("better 0" if flipped[0] else "worse 0")
    assert seen["ignored"] == []
    assert seen["after"] == [False, False]
    assert seen["label"] == f"The label says that {'A' if flipped[0] else 'B'} is better."
    assert seen["pressed"] == ["side=a"]
    assert seen["done"] == "1 of 3 judged"
    expected = ["right" if flipped[0] else "wrong", "wrong" if flipped[1] else "right", "unsure"]
    assert seen["verdicts"] == sorted(expected)


HOSTILE_ROW = """
press("r");
seen.request = $("request").textContent;
seen.diff = cells();
seen.columns = text("#columns dd");
seen.repository = [...$("repository").options].map((option) => option.text);
seen.images = document.images.length;
seen.title = document.title;
"""


def test_hostile_texts_are_shown_as_they_are(tmp_path):
    values = {"instruction": HOSTILE, "chosen": f"{HOSTILE}\n", "rejected": "<b>x</b>\n", "license": f"(c) {HOSTILE}"}
    pairs = [code_pair(1, repos=f"at {HOSTILE}", **values), code_pair(2)]
    seen = run(tmp_path, page_of(tmp_path, pairs), HOSTILE_ROW)
    assert seen["request"] == HOSTILE
    assert seen["diff"] == [["1", "<b>x</b>", "1", HOSTILE]]
    assert f"(c) {HOSTILE}" in seen["columns"]
    assert f"at {HOSTILE} (1)" in seen["repository"]
    assert seen["images"] == 0
    assert "owned" not in seen["title"]


LOADING = """
const send = (lines) => {
  const files = new DataTransfer();
  files.items.add(new File(lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line)) + "\\n"), "j.jsonl"));
  $("load").files = files.files;
  $("load").dispatchEvent(new Event("change"));
};
set("reader", "Ada");
const { rows } = JSON.parse($("data").textContent);
const line = (row, verdict, time) => ({ id: row.id, digest: row.digest, verdict, self_contained: true, leaks: null, time });
press("ArrowRight"); press("w"); press("ArrowLeft");
send([line(rows[0], "right", "2026"), line(rows[1], "right", "1999"), { ...line(rows[0], "wrong", "2027"), digest: "x" }, "{", "null"]);
setTimeout(() => {
  seen.pressed = pressed(); seen.notice = $("notice").innerText; seen.done = $("done").innerText;
  parent.postMessage(JSON.stringify({ seen, faults }), "*");
}, 500);
"""


def test_saved_judgments_are_loaded_unless_there_are_later_ones(tmp_path):
    seen = run(tmp_path, page_of(tmp_path, [code_pair(n) for n in range(3)]), LOADING)
    assert seen["pressed"] == ["verdict=right", "self_contained=yes"]
    assert seen["done"] == "2 of 3 judged (1 right, 1 wrong, 0 unsure)"
    assert seen["notice"] == "1 of 5 judgments were loaded for the reader “Ada”."


NAMELESS = """
press("r"); seen.notice = $("notice").innerText;
set("reader", "Ada"); seen.named = $("done").innerText;
set("reader", "Bob"); seen.other = $("done").innerText;
set("reader", ""); seen.nameless = $("done").innerText;
"""


def test_judgments_without_a_name_belong_to_the_next_name(tmp_path):
    seen = run(tmp_path, page_of(tmp_path, [code_pair(n) for n in range(2)]), NAMELESS)
    assert "Write your name" in seen["notice"]
    assert [seen[name][:6] for name in ("named", "other", "nameless")] == ["1 of 2", "0 of 2", "0 of 2"]


LARGE = """
const gaps = () => text("#diff .gap button"), more = () => all("#diff .gap button").at(-1).click();
seen.line = cells().length; seen.marks = text("#diff del").concat(text("#diff ins"));
press("ArrowRight"); seen.gap = gaps(); more(); seen.shown = cells().length; seen.left = gaps();
press("ArrowRight"); seen.replaced = gaps(); more(); more(); seen.all = cells().length;
press("ArrowRight"); seen.equal = [cells().length, gaps()];
"""


def test_large_files_are_shown(tmp_path):
    tokens, lines = "a=1;" * 150_000, "line\n" * 130_000
    texts = [(f"{tokens}b\n", f"{tokens}c\n"), (f"{lines}x\n", f"{lines}y\n"), ("x\n" * 1200, "y\n" * 1200)]
    pairs = [code_pair(n, rejected=old, chosen=new) for n, (old, new) in enumerate(texts)]
    equal = "x\n" * 50
    dropped = write_lines(tmp_path / "d.jsonl", [commit(1, old_contents=equal, new_contents=equal).to_dict()])
    seen = run(tmp_path, page_of(tmp_path, pairs, dropped), LARGE)
    assert (seen["line"], seen["marks"]) == (1, ["b", "c"])
    assert seen["gap"] == ["129,997 unchanged lines"]
    assert (seen["shown"], seen["left"]) == (500 + 1 + 3 + 1, ["129,497 unchanged lines"])
    assert (seen["replaced"], seen["all"]) == (["700 more changed lines"], 1200)
    assert seen["equal"] == [31, ["20 unchanged lines"]]


WIDTHS = """
seen.inner = innerWidth;
seen.wide = document.documentElement.scrollWidth;
seen.signs = cells().map((row) => row.length);
seen.buttons = all("[data-answer]").every((item) => item.getBoundingClientRect().right <= innerWidth);
seen.bar = document.querySelector(".judge").getBoundingClientRect().height;
"""


def test_the_page_fits_a_narrow_window(tmp_path):
    long = "x" * 300
    pairs = [code_pair(1, instruction=long, chosen=f"{long}\n", file_path=long, repos=long), code_pair(2)]
    seen = run(tmp_path, page_of(tmp_path, pairs), WIDTHS, 390)
    assert seen["wide"] <= seen["inner"] == 390
    assert set(seen["signs"]) == {4}  # numbers of both sides, sign, line: the unified view
    assert seen["buttons"]
    assert seen["bar"] < 170


def test_judgments_are_kept_if_the_browser_stores_nothing(tmp_path):
    page = page_of(tmp_path, [code_pair(n) for n in range(2)])
    refuse = 'set("reader", "Ada");Storage.prototype.setItem = () => { throw new DOMException(\'full\'); };'
    seen = run(tmp_path, page, f'{refuse} press("r"); seen.pressed = pressed(); seen.notice = $("notice").innerText;')
    assert seen["pressed"] == ["verdict=right"]
    assert "does not store" in seen["notice"]


SPEED = """
const started = performance.now();
for (let count = 0; count < 50; count += 1) { press("r"); press("ArrowRight"); }
seen.each = (performance.now() - started) / 50;
set("text", "pair4999"); seen.found = $("of").innerText;
seen.elements = document.querySelectorAll("*").length;
"""


def test_thousands_of_rows_stay_usable(tmp_path):
    body = "".join(f"    value_{n} = compute({n})\n" for n in range(40))
    pairs = [code_pair(n, rejected=f"{body}{n}\n", chosen=f"{body}{n} + 1\n") for n in range(5000)]
    seen = run(tmp_path, page_of(tmp_path, pairs), SPEED)
    assert seen["found"] == "of 1"
    assert seen["elements"] < 1000
    assert seen["each"] < 100  # milliseconds for a judgment and the next row


def test_the_policy_lets_the_page_run(tmp_path):
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    if browser is None:
        pytest.skip("no browser found")
    out = tmp_path / "out.html"
    write_browse_page(write_pairs(tmp_path / "p.parquet", [code_pair(1, language="C")]), out)
    command = [browser, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", out.as_uri()]
    page = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False).stdout
    assert '<h2 id="question">Functional Correctness: is the chosen version better?</h2>' in page
    assert ">    return x + 1<" in re.sub(r"</?(ins|del|span)>", "", page)
