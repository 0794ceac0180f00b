"""Progress bars: what they show, and that they stay silent where nobody watches."""

import io

import pytest
from rich.console import Console

from themis_rm import progress
from themis_rm.progress import progress_bar, progress_counter, status_spinner, suppress_progress, track


@pytest.fixture
def screen(monkeypatch):
    buffer = io.StringIO()
    monkeypatch.setattr(progress, "_stderr_console", lambda: Console(file=buffer, force_terminal=True, width=100))
    return buffer


def test_track_yields_every_item_and_shows_the_count(screen):
    assert list(track(range(3), "score")) == [0, 1, 2]
    assert "score" in screen.getvalue()
    assert "3/3" in screen.getvalue()


def test_track_counts_what_an_item_completes(screen):
    assert list(track([[1, 2], [3]], "score", total=3, size=len)) == [[1, 2], [3]]
    assert "3/3" in screen.getvalue()


def test_track_accepts_an_iterable_of_unknown_length(screen):
    assert list(track(iter("ab"), "read")) == ["a", "b"]
    assert "2/?" in screen.getvalue()


def test_nothing_is_shown_when_standard_error_is_not_a_terminal(capsys):
    assert list(track(range(3), "score")) == [0, 1, 2]
    with status_spinner("audit", lambda: "one"), progress_counter("pairs", 2) as advance:
        advance(1)
    assert capsys.readouterr() == ("", "")


def test_nothing_is_shown_while_progress_is_suppressed(screen):
    with suppress_progress():
        assert list(track(range(3), "score")) == [0, 1, 2]
    assert screen.getvalue() == ""


def test_a_bar_inside_another_one_is_not_shown(screen):
    for _ in track(range(2), "outer"):
        assert list(track(range(2), "inner")) == [0, 1]
    assert "inner" not in screen.getvalue()


def test_an_abandoned_loop_releases_the_display(screen):
    for _ in track(range(2), "first"):
        break
    assert list(track(range(2), "second")) == [0, 1]
    assert "second" in screen.getvalue()


def test_a_spinner_shows_the_latest_status(screen):
    with status_spinner("audit", lambda: "near duplicates"):
        pass
    assert "audit: near duplicates" in screen.getvalue()


def test_a_stage_bar_counts_completion_markers(screen, tmp_path):
    (tmp_path / "completions").mkdir()
    with progress_bar("mine", tmp_path, 2):
        (tmp_path / "completions" / "00000").touch()
    assert "1/2" in screen.getvalue()


def test_a_notebook_gets_a_bar(monkeypatch):
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    console = progress._stderr_console()
    assert console is not None
    assert console.is_terminal
