"""Render the leaderboard page: one self-contained HTML file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup
from numpy.typing import NDArray

import themis_rm
from themis_rm.criteria import CRITERIA
from themis_rm.evaluation.bootstrap import mean_intervals
from themis_rm.evaluation.columns import COLUMNS
from themis_rm.evaluation.leaderboard.comparisons import PairwiseComparisons
from themis_rm.evaluation.leaderboard.groups import assign_letters, letter_groups, rank_intervals
from themis_rm.evaluation.leaderboard.result import Leaderboard
from themis_rm.evaluation.leaderboard.score_files import MISSING
from themis_rm.evaluation.leaderboard.slices import build_groupings
from themis_rm.languages import benchmark_languages
from themis_rm.report.environment import html_environment
from themis_rm.storage.atomic import write_text

TEXT_LIMIT = 4_000_000
"""Largest number of characters of texts that a page includes by default: enough for a few hundred pairs."""
FEW = 30
"""Cells with fewer pairs are hatched."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_STATES = MISSING + 1


def render(board: Leaderboard, texts: bool | None = None) -> str:
    """Return the page as HTML; equal leaderboards give equal pages.

    Args:
        board: The leaderboard.
        texts: Whether to include the texts of the pairs, so that readers can inspect the pairs on which two models
            differ. By default they are included if they have at most :data:`TEXT_LIMIT` characters.
    """
    with_texts = _texts_fit(board) if texts is None else texts and board.pairs is not None
    data = page_data(board, with_texts)
    return (
        html_environment()
        .get_template("leaderboard.html.j2")
        .render(
            css=Markup(_read_template("leaderboard.css")),  # part of the package, not input  # noqa: S704
            js=Markup(_read_template("leaderboard.js")),  # noqa: S704
            data=htmlsafe_json_dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False),
            with_texts=with_texts,
            board=board,
            version=themis_rm.__version__,
            level=f"{100 * board.settings.confidence_level:g} %",
            alpha=f"{1 - board.settings.confidence_level:.3g}",
            few=FEW,
            **_header_values(board, data),
        )
    )


def write_page(board: Leaderboard, path: str | Path, texts: bool | None = None) -> None:
    """Write :func:`render` to a file, atomically."""
    write_text(path, render(board, texts))


def page_data(board: Leaderboard, texts: bool = False) -> dict[str, Any]:
    """Return the data for the page's script: the leaderboard's JSON without what the page does not need, compressed.

    Differences from :meth:`Leaderboard.to_json`:

    - ``columns``: column -> meaning, for tooltips.
    - ``criteria``, ``languages``: ``key`` (benchmark name), ``short`` and ``title`` of those that have a slice.
    - ``accuracies`` has no ``value``, ``strict`` and ``tie_rate``, which follow from its counts, and has the intervals
      of strict accuracies, ``strict_low`` and ``strict_high``.
    - ``tests``, one object per tested slice, instead of ``comparisons``: ``slice``, ``half`` and ``strict``, each with
      ``letters`` ``[S]``, ``ranks`` ``[S][2]`` and ``[P]`` arrays: ``low`` and ``high`` in hundred-thousandths, ``p``
      and ``holm`` with three significant digits. ``half`` is the paired randomization test of the headline accuracy,
      ``strict`` McNemar's test.
    - ``pairs.ids``: front-coded: number of characters shared with the previous id, a colon, the rest.
    - ``pairs.outcomes``: S strings; each letter, counted from ``a``, is five times one outcome plus the next one.
    - ``pairs.matched``: indices of length-matched pairs, or ``null``.

    Args:
        board: The leaderboard.
        texts: Include the texts, if the leaderboard has them.
    """
    plain = board.to_dict(texts)
    kept = {
        name: plain[name]
        for name in ("settings", "benchmark", "source", "entries", "scored", "slices", "reference_strict")
    }
    figures = plain["accuracies"]
    strict = _strict_intervals(board)
    keys = {part.key for part in board.slices}
    return {
        **kept,
        "columns": COLUMNS,
        "few": FEW,
        "criteria": [
            {"key": row.benchmark_aspect, "short": row.short, "title": row.title}
            for row in CRITERIA
            if row.benchmark_aspect in keys
        ],
        "languages": [
            {"key": row.benchmark_name, "short": row.name, "title": row.name}
            for row in benchmark_languages()
            if row.benchmark_name in keys
        ],
        "accuracies": {name: figures[name] for name in ("n", "wins", "ties", "failed", "missing", "low", "high")}
        | strict,
        "tests": [_tests(board, item) for item in board.comparisons],
        "pairs": {name: values for name, values in plain["pairs"].items() if name != "lengths"}
        | {
            "ids": _front_code(plain["pairs"]["ids"]),
            "outcomes": [_pack_outcomes(run.outcomes) for run in board.runs.runs],
            "matched": _length_matched_rows(board),
        },
    }


def _strict_intervals(board: Leaderboard) -> dict[str, Any]:
    table = board.accuracies
    counts = np.stack([table.n - table.wins, table.wins], axis=-1)
    ends = mean_intervals(counts.reshape(-1, 2), (0.0, 1.0), board.settings.confidence_level)
    low, high = (_shares(np.where(np.isnan(table.strict), np.nan, end.reshape(table.n.shape))) for end in ends)
    return {"strict_low": low, "strict_high": high}


def _tests(board: Leaderboard, item: PairwiseComparisons) -> dict[str, Any]:
    """Return the tests of a slice for the headline accuracy and for the strict accuracy, each with its groups."""
    level = board.settings.confidence_level
    column = board.find_slice(item.slice.key)
    values = board.accuracies.strict[:, column or 0]
    counts = np.stack([item.only_second, item.n - item.only_first - item.only_second, item.only_first], axis=1)
    low, high = mean_intervals(counts, (-1.0, 0.0, 1.0), level)
    significant = np.zeros((len(values), len(values)), dtype=bool)
    differs = item.mcnemar_holm < 1 - level
    significant[item.first, item.second] = significant[item.second, item.first] = differs
    order = [int(model) for model in np.argsort(-values, kind="stable") if not np.isnan(values[model])]
    return {
        "slice": item.slice.key,
        "half": {
            "letters": item.letters,
            "ranks": item.ranks.tolist(),
            **_compact(item.low, item.high, item.p_value, item.p_holm),
        },
        "strict": {
            "letters": assign_letters(letter_groups(order, significant), len(values)),
            "ranks": rank_intervals(values, significant).tolist(),
            **_compact(low, high, item.p_mcnemar, item.mcnemar_holm),
        },
    }


def _compact(
    low: NDArray[np.float64], high: NDArray[np.float64], p_value: NDArray[np.float64], adjusted: NDArray[np.float64]
) -> dict[str, Any]:
    ends = {
        name: [None if math.isnan(share) else round(1e5 * share) for share in values.tolist()]
        for name, values in (("low", low), ("high", high))
    }
    return {**ends, "p": _digits(p_value), "holm": _digits(adjusted)}


def _digits(values: NDArray[np.float64]) -> list[float | int]:
    # An integer is written without ".0": most adjusted p-values of small slices are 1.
    return [int(value) if value == int(value) else float(f"{value:.3g}") for value in values.tolist()]


def _shares(values: NDArray[np.float64]) -> list[list[float | None]]:
    return [[None if math.isnan(value) else float(f"{value:.6g}") for value in row] for row in values.tolist()]


def _front_code(ids: Sequence[str]) -> list[str]:
    coded, before = [], ""
    for key in ids:
        # The script counts in UTF-16 units, so only ASCII characters are shared.
        shared = 0
        while shared < min(len(before), len(key)) and before[shared] == key[shared] and key[shared].isascii():
            shared += 1
        coded.append(f"{shared}:{key[shared:]}")
        before = key
    return coded


def _pack_outcomes(outcomes: NDArray[np.uint8]) -> str:
    even = np.append(outcomes, MISSING) if len(outcomes) % 2 else outcomes
    return (even[::2] * _STATES + even[1::2] + ord(_LETTERS[0])).astype(np.uint8).tobytes().decode("ascii")


def _length_matched_rows(board: Leaderboard) -> list[int] | None:
    if board.find_slice("length-matched") is None:
        return None
    codes = build_groupings(board.runs, board.settings.max_length_ratio)[-1].codes
    return [int(index) for index in np.flatnonzero(codes == 0)]


def _texts_fit(board: Leaderboard) -> bool:
    if board.pairs is None:
        return False
    return sum(len(pair.prompt) + len(pair.chosen) + len(pair.rejected) for pair in board.pairs if pair) <= TEXT_LIMIT


def _read_template(name: str) -> str:
    return resources.files("themis_rm.report").joinpath("templates", name).read_text(encoding="utf-8").strip()


def _header_values(board: Leaderboard, data: dict[str, Any]) -> dict[str, Any]:
    kinds = [str(entry.kind) for entry in board.entries]
    keys = {part.key for part in board.slices}
    counts = {kind: kinds.count(kind) for kind in ("model", "baseline", "reference")}
    benchmark = _benchmark_title(board, data["benchmark"]["published"])
    models = counts["model"] + counts["reference"]
    compared = [_count_noun(models, "reward model"), _count_noun(counts["baseline"], "baseline")]
    return {
        "counts": counts,
        "benchmark": benchmark,
        "title": f"{benchmark}: {' and '.join(filter(None, compared))} compared",
        "published": data["benchmark"]["published"],
        "source": data["source"],
        "from_paper": any(entry.series or entry.note or entry.judge for entry in board.entries),
        "criteria": [row for row in CRITERIA if row.benchmark_aspect in keys],
        "languages": [row for row in benchmark_languages() if row.benchmark_name in keys],
        "subsets": sum(part.kind == "subset" for part in board.slices),
        "lines": [_table_row(board, index) for index in range(board.scored)],
        "noted": [entry for entry in board.entries if entry.note],
        "comparisons": len(board.comparisons[0].n) if board.comparisons else 0,
    }


def _benchmark_title(board: Leaderboard, published: bool) -> str:
    if published or not board.benchmark:
        return board.benchmark or "Benchmark"
    return f"Benchmark “{board.benchmark}”"


def _count_noun(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}" if count else ""


def _table_row(board: Leaderboard, index: int) -> dict[str, Any]:
    """Return a row of the table that is shown without JavaScript."""
    tests = board.comparison("all")
    return {
        "entry": board.entries[index],
        "accuracy": board.accuracies.accuracy(index, 0),
        "rank": board.rank(index),
        "letters": tests.letters[index] if tests else "",
    }
