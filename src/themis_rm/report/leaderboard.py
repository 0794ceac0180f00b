"""The leaderboard page: one HTML file that needs nothing beside it, made from a board."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from numpy.typing import NDArray

import themis_rm
from themis_rm.criteria import CRITERIA
from themis_rm.evaluation.bootstrap import mean_intervals
from themis_rm.evaluation.leaderboard.build import Leaderboard
from themis_rm.evaluation.leaderboard.comparisons import PairwiseComparisons
from themis_rm.evaluation.leaderboard.groups import letter_groups, letters, rank_intervals
from themis_rm.evaluation.leaderboard.score_files import MISSING
from themis_rm.evaluation.leaderboard.slices import groupings
from themis_rm.languages import benchmark_languages
from themis_rm.storage.atomic import write_text

TEXT_LIMIT = 4_000_000
"""Characters of texts that a page takes in unasked: a few hundred pairs, not a benchmark of thousands."""
FEW = 30
"""A cell with fewer pairs is drawn as a weak one."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_STATES = MISSING + 1


def render(board: Leaderboard, texts: bool | None = None) -> str:
    """Return the page as one HTML text: equal boards give equal pages.

    Args:
        board: At least one run.
        texts: Whether the texts of the pairs go in, so that readers can look at the pairs on which two models differ.
            By default they do if the board has them and they are at most :data:`TEXT_LIMIT` characters long.
    """
    environment = Environment(
        loader=PackageLoader("themis_rm.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    with_texts = _takes_texts(board) if texts is None else texts and board.pairs is not None
    data = page_data(board, with_texts)
    return environment.get_template("leaderboard.html.j2").render(
        css=Markup(_beside("leaderboard.css")),  # our own files, not input  # noqa: S704
        js=Markup(_beside("leaderboard.js")),  # noqa: S704
        data=Markup(_embedded(data)),  # every < in it is escaped  # noqa: S704
        with_texts=with_texts,
        board=board,
        version=themis_rm.__version__,
        level=f"{100 * board.settings.level:g} %",
        alpha=f"{1 - board.settings.level:.3g}",
        few=FEW,
        **_header(board, data),
    )


def write_page(board: Leaderboard, path: Path, texts: bool | None = None) -> None:
    """Write :func:`render` to a file."""
    write_text(path, render(board, texts))


def page_data(board: Leaderboard, texts: bool = False) -> dict[str, Any]:
    """Return what the page's script reads: the board's own JSON, less what a page does without, packed.

    What differs from :meth:`Board.to_json`:

    - ``criteria``, ``languages``: ``key`` (benchmark name), ``short`` and ``title`` of those that have a cut.
    - ``accuracies`` has no ``value``, ``strict`` and ``tie_rate``, which follow from its counts, and has the intervals
      of strict accuracies, ``strict_low`` and ``strict_high``.
    - ``tests``, an object a tested cut, in place of ``comparisons``: ``cut``, ``half`` and ``strict``, each with
      ``letters`` ``[S]``, ``ranks`` ``[S][2]`` and ``[P]`` arrays: ``low`` and ``high`` in hundred-thousandths, ``p``
      and ``holm`` with three significant digits. ``half`` is the paired randomization test of the headline accuracy,
      ``strict`` McNemar's test.
    - ``pairs.ids``: how many characters an id shares with the one before, a colon, the rest.
    - ``pairs.outcomes``: S strings; a letter, counted from ``a``, is five times one outcome plus the next one.
    - ``pairs.matched``: indices of length-matched pairs, or ``null``.

    Args:
        board: At least one run.
        texts: Put the texts in, if the board has them.
    """
    plain = json.loads(board.to_json(texts))
    kept = {
        name: plain[name]
        for name in ("settings", "benchmark", "source", "entries", "scored", "cuts", "reference_strict")
    }
    figures = plain["accuracies"]
    strict = _strict_intervals(board)
    keys = {cut.key for cut in board.cuts}
    return {
        **kept,
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
        "macro": plain["balanced"].get("criterion"),
        "tests": [_tests(board, item) for item in board.comparisons],
        "pairs": plain["pairs"]
        | {
            "ids": _front_coded(plain["pairs"]["ids"]),
            "outcomes": [_packed(run.outcomes) for run in board.runs.runs],
            "matched": _matched(board),
        },
    }


def _strict_intervals(board: Leaderboard) -> dict[str, Any]:
    of = board.accuracies
    counts = np.stack([of.n - of.wins, of.wins], axis=-1)
    ends = mean_intervals(counts.reshape(-1, 2), (0.0, 1.0), board.settings.level)
    low, high = (_shares(end.reshape(of.n.shape)) for end in ends)
    return {"strict_low": low, "strict_high": high}


def _tests(board: Leaderboard, item: PairwiseComparisons) -> dict[str, Any]:
    """Return the tests of a cut twice: of the headline accuracy, and of the strict one with groups of its own."""
    level = board.settings.level
    column = board.cut(item.cut.key)
    values = board.accuracies.strict[:, column or 0]
    steps = np.stack([item.only_second, item.n - item.only_first - item.only_second, item.only_first], axis=1)
    low, high = mean_intervals(steps, (-1.0, 0.0, 1.0), level)
    significant = np.zeros((len(values), len(values)), dtype=bool)
    differs = item.mcnemar_holm < 1 - level
    significant[item.first, item.second] = significant[item.second, item.first] = differs
    order = [int(model) for model in np.argsort(-values, kind="stable") if not np.isnan(values[model])]
    return {
        "cut": item.cut.key,
        "half": {
            "letters": item.letters,
            "ranks": item.ranks.tolist(),
            **_compact(item.low, item.high, item.p_value, item.p_holm),
        },
        "strict": {
            "letters": letters(letter_groups(order, significant), len(values)),
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
    # A whole number is written without its ".0": most adjusted p-values of small cuts are 1.
    return [int(value) if value == int(value) else float(f"{value:.3g}") for value in values.tolist()]


def _shares(values: NDArray[np.float64]) -> list[list[float | None]]:
    return [[None if math.isnan(value) else float(f"{value:.6g}") for value in row] for row in values.tolist()]


def _front_coded(ids: Sequence[str]) -> list[str]:
    coded, before = [], ""
    for key in ids:
        # The script counts in UTF-16 units, so only ASCII is shared.
        shared = 0
        while shared < min(len(before), len(key)) and before[shared] == key[shared] and key[shared].isascii():
            shared += 1
        coded.append(f"{shared}:{key[shared:]}")
        before = key
    return coded


def _packed(outcomes: NDArray[np.uint8]) -> str:
    even = np.append(outcomes, MISSING) if len(outcomes) % 2 else outcomes
    return (even[::2] * _STATES + even[1::2] + ord(_LETTERS[0])).astype(np.uint8).tobytes().decode("ascii")


def _matched(board: Leaderboard) -> list[int] | None:
    if board.cut("length-matched") is None:
        return None
    codes = groupings(board.runs, board.settings.length_band)[-1].codes
    return [int(index) for index in np.flatnonzero(codes == 0)]


def _takes_texts(board: Leaderboard) -> bool:
    if board.pairs is None:
        return False
    return sum(len(pair.prompt) + len(pair.chosen) + len(pair.rejected) for pair in board.pairs if pair) <= TEXT_LIMIT


def _embedded(data: dict[str, Any]) -> str:
    """Return JSON that can stand in a script element: no ``<`` can end it or open a comment in it."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def _beside(name: str) -> str:
    return resources.files("themis_rm.report").joinpath("templates", name).read_text(encoding="utf-8").strip()


def _header(board: Leaderboard, data: dict[str, Any]) -> dict[str, Any]:
    kinds = [str(entry.kind) for entry in board.entries]
    keys = {cut.key for cut in board.cuts}
    counts = {kind: kinds.count(kind) for kind in ("model", "baseline", "reference")}
    benchmark = _benchmark_name(board, data["benchmark"]["published"])
    compared = [_many(counts["model"] + counts["reference"], "reward model"), _many(counts["baseline"], "baseline")]
    return {
        "counts": counts,
        "benchmark": benchmark,
        "title": f"{benchmark}: {' and '.join(filter(None, compared))} compared",
        "published": data["benchmark"]["published"],
        "source": data["source"],
        "from_paper": any(entry.series or entry.note or entry.judge for entry in board.entries),
        "criteria": [row for row in CRITERIA if row.benchmark_aspect in keys],
        "languages": [row for row in benchmark_languages() if row.benchmark_name in keys],
        "subsets": sum(cut.kind == "subset" for cut in board.cuts),
        "lines": [_line(board, index) for index in range(board.scored)],
        "noted": [entry for entry in board.entries if entry.note],
        "comparisons": len(board.comparisons[0].n) if board.comparisons else 0,
    }


def _benchmark_name(board: Leaderboard, published: bool) -> str:
    if published:
        return "CodeRewardBench"
    stated = {run.results.run.benchmark for run in board.runs.runs if run.results and run.results.run}
    return f"Benchmark “{Path(stated.pop()).name}”" if len(stated) == 1 else "One benchmark"


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}" if count else ""


def _line(board: Leaderboard, index: int) -> dict[str, Any]:
    """Return a row of the table that stands in for the script where none runs."""
    of, tests = board.accuracies.accuracy(index, 0), board.comparison("all")
    return {
        "entry": board.entries[index],
        "accuracy": of,
        "ranks": tests.ranks[index].tolist() if tests else [1, 1],
        "letters": tests.letters[index] if tests else "",
    }
