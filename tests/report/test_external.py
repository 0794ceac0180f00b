"""The page of a leaderboard of external benchmarks."""

import pytest
from tests.evaluation.external.results import result
from tests.evaluation.external.test_leaderboard import save
from tests.report.browser import drive
from tests.report.pages import HOSTILE

from themis_rm.evaluation.external.leaderboard import build_external_leaderboard
from themis_rm.report.external import render_external_page


@pytest.fixture
def board(tmp_path):
    return build_external_leaderboard([save(tmp_path, result("rewardbench", HOSTILE), result("judgebench", HOSTILE))])


def test_every_figure_is_on_the_page(board):
    page = render_external_page(board)
    assert page.count("65.0–85.0") == 6  # model and baseline on two benchmarks, and the table of each
    assert "Themis-RM-32B" in page


def test_names_cannot_add_markup(board):
    assert "<img" not in render_external_page(board)


def test_equal_leaderboards_give_equal_pages(board):
    assert render_external_page(board) == render_external_page(board)


WIDTHS = """
seen.inner = innerWidth;
seen.wide = document.documentElement.scrollWidth;
seen.plot = Math.round(all("figure svg")[0].getBoundingClientRect().right);
seen.rows = all("table")[0].tBodies[0].rows.length;
"""


def test_the_page_fits_a_narrow_window(board, tmp_path):
    # The policy of the page forbids scripts, the driver of the test included.
    page = render_external_page(board).replace(
        "default-src 'none'; ", "default-src 'none'; script-src 'unsafe-inline'; "
    )
    found = drive(tmp_path, page, WIDTHS, 390, 844)
    assert found["wide"] <= found["inner"]
    assert found["plot"] <= found["inner"]
    assert found["rows"] == len(board.entries)
