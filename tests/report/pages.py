"""A small leaderboard for the tests of the page, with every kind of input problem, and checks of any page."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
from tests.evaluation.score_files import columns, write_run

from themis_rm.evaluation.leaderboard.build import leaderboard
from themis_rm.evaluation.leaderboard.result import LeaderboardEntry, LeaderboardSettings

SIZE = 240
HOSTILE = """</script><img src=x onerror="document.title='owned'"> & 'co'"""
REFERENCE = LeaderboardEntry("Reference only", "reference", "generative", "Small", 3.0, note="Only <published>.")
QUICK = LeaderboardSettings(n_resamples=200)


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.wrong = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in {"meta", "circle", "line", "polyline", "br", "link"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in {"circle", "line", "polyline"}:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def unclosed_elements(page):
    """Return the elements of a page that are not closed, or not in order."""
    tags = Tags()
    tags.feed(re.sub(r"<(circle|line|polyline)([^>]*)/>", r"<\1\2>", page))
    return tags.wrong + tags.open


def small_board(directory):
    """Return a leaderboard of five runs and a published one: ties, failures, missing pairs, a hostile name."""
    rng = np.random.default_rng(5)
    for name, odds in {
        "best": (0.9, 0.0, 0.1),
        "good": (0.72, 0.08, 0.2),
        "same": (0.72, 0.02, 0.26),
        "ties": (0.3, 0.6, 0.1),
        "poor": (0.4, 0.0, 0.6),
    }.items():
        marks = "".join(rng.choice(list("+0-"), p=odds, size=SIZE))
        changes = {}
        if name == "good":
            changes["chosen_score"] = [None, float("nan"), *columns(marks)["chosen_score"][2:]]
        write_run(directory / name, marks[: SIZE - 7] if name == "same" else marks, **changes)
    board = leaderboard([], directory, settings=QUICK)
    facts = {
        "best": {"name": HOSTILE, "series": "Small", "parameters": 8.0, "note": "A <note> & more."},
        "good": {"series": "Small", "parameters": 0.6},
        "ties": {"judge": "generative", "parameters": 70.0},
        "poor": {"kind": "baseline"},
    }
    entries = tuple(replace(entry, **facts.get(entry.name, {})) for entry in board.entries)
    strict = np.full((1, len(board.slices)), np.nan)
    strict[0, :3] = 0.5, 0.625, 0.375
    return replace(board, entries=(*entries, REFERENCE), reference_strict=strict)


def embedded(page):
    """Return the data embedded in a page."""
    return json.loads(re.search(r'<script type="application/json" id="board">(.*?)</script>', page, re.DOTALL).group(1))
