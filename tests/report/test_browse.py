"""The page for judging pairs: which rows it has, and that nothing in them is markup."""

import base64
import hashlib
import json
import re

import pytest
from tests.annotation.pairs import code_pair, commit, write_lines, write_pairs
from tests.report.pages import HOSTILE

from themis_rm.annotation.settings import BrowseSettings
from themis_rm.errors import InputError
from themis_rm.report.browse import write_browse_page


def embedded(page):
    """Return the data of a page."""
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL).group(1))


def browse(tmp_path, pairs, dropped=None, **settings):
    """Return the report, the page and its rows."""
    data, out = write_pairs(tmp_path / "p.parquet", pairs), tmp_path / "page.html"
    report = write_browse_page(data, out, BrowseSettings(**settings), dropped)
    page = out.read_text("utf-8")
    return report, page, embedded(page)["rows"]


@pytest.fixture
def pairs():
    return [code_pair(n, ["FC", "SH"][: 1 + n % 2], ["C", "Go"][n % 2]) for n in range(20)]


def test_the_page_has_every_row(tmp_path, pairs):
    report, _, rows = browse(tmp_path, pairs)
    assert [row["id"] for row in rows[:3]] == ["pair0:FC", "pair1:FC", "pair1:SH"]
    assert (report.read, report.kept, report.dropped) == (30, 30, {})


def test_equal_input_gives_equal_pages(tmp_path, pairs):
    assert browse(tmp_path, pairs, sample=7)[1] == browse(tmp_path, pairs, sample=7)[1]


def test_a_sample_is_balanced_and_counted(tmp_path, pairs):
    report, page, rows = browse(tmp_path, pairs, sample=8)
    assert report.details["by_criterion"] == {"Functional Correctness": 4, "Security Hardness": 4}
    assert sorted(row["language"] for row in rows) == ["C", "C", "Go", "Go", "Go", "Go", "Go", "Go"]
    assert (report.read, report.kept, report.dropped) == (30, 8, {"not-sampled": 22})
    assert "not on the page: not-sampled 22" in page


def test_another_seed_gives_another_sample(tmp_path, pairs):
    one, two = ({row["id"] for row in browse(tmp_path, pairs, sample=8, seed=seed)[2]} for seed in (0, 1))
    assert one != two


def test_dropped_rows_have_their_reason(tmp_path, pairs):
    dropped = write_lines(tmp_path / "d.jsonl", [commit(1).to_dict() | {"filter_reason": "test-file"}])
    report, _, rows = browse(tmp_path, pairs, dropped)
    assert (rows[-1]["reason"], rows[-1]["request"]) == ("test-file", "Change things\n\nNumber 1")
    assert report.details["by_reason"] == {"test-file": 1}


def test_rows_beyond_the_size_are_left_out_and_counted(tmp_path):
    report, page, rows = browse(tmp_path, [code_pair(n, chosen="é" * 300_000) for n in range(4)], max_megabytes=1)
    assert [row["id"] for row in rows] == ["pair0:FC"]
    assert report.dropped == {"beyond-size": 3}
    assert "beyond-size 3" in page


def test_both_orders_occur_in_blind_mode(tmp_path, pairs):
    assert {row["flipped"] for row in browse(tmp_path, pairs, blind=True)[2]} == {True, False}


def test_nothing_to_show_is_an_error(tmp_path, pairs):
    with pytest.raises(InputError, match="no row to show"):
        browse(tmp_path, pairs, language="Ruby")
    assert not (tmp_path / "page.html").exists()


def test_the_policy_allows_only_the_script_and_the_style_of_the_package(tmp_path, pairs):
    page = browse(tmp_path, pairs)[1]
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page).group(1)
    for name in ("script", "style"):
        text = re.search(rf"<{name}>(.*?)</{name}>", page, re.DOTALL).group(1)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_the_page_requests_nothing(tmp_path, pairs):
    page = browse(tmp_path, pairs)[1]
    assert not re.search(r"\b(src|href)=|@import|url\(|https?://", page)


def test_texts_cannot_add_markup(tmp_path):
    pair = code_pair(1, instruction=HOSTILE, chosen=HOSTILE, rejected="x", repos=HOSTILE, language=HOSTILE)
    _, page, rows = browse(tmp_path, [pair])
    assert "<img" not in page
    assert page.count("</script>") == 2
    assert (rows[0]["request"], rows[0]["chosen"], rows[0]["language"]) == (HOSTILE,) * 3


def test_a_name_cannot_add_markup(tmp_path):
    data = write_pairs(tmp_path / "<img onerror=x>.parquet", [code_pair(1)])
    write_browse_page(data, tmp_path / "page.html")
    assert "<img" not in (tmp_path / "page.html").read_text("utf-8")


def test_a_lone_surrogate_does_not_end_the_page(tmp_path):
    row = commit(1).to_dict() | {"filter_reason": "x", "message": "a\ud800b"}
    (tmp_path / "d.jsonl").write_text(json.dumps(row) + "\n")
    write_browse_page(tmp_path / "d.jsonl", tmp_path / "page.html")
    assert embedded((tmp_path / "page.html").read_text("utf-8"))["rows"][0]["request"] == "a\ud800b"


def test_rows_have_their_task(tmp_path):
    pairs = [code_pair(1), code_pair(2, task="tests")]
    assert [row["task"] for row in browse(tmp_path, pairs)[2]] == ["change", "tests"]
