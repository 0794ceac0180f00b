"""Themis: multi-criteria, multilingual code reward models.

The public API; each name is imported on first use, so that ``import themis_rm`` stays fast and loads no torch::

    import themis_rm

    scorer = themis_rm.load("path/to/checkpoint")
    scorer.score("Reverse a list.", "return xs[::-1]", criteria="R&M")
    scorer.rank("Reverse a list.", ["return xs[::-1]", "xs.reverse()"])
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from themis_rm.api import (
        ablate,
        agreement,
        assemble,
        browse,
        calibrate,
        compile_benchmark,
        convert,
        curate,
        evaluate,
        leaderboard,
        load,
        merge,
        mine,
        rank,
        score,
        train,
    )
    from themis_rm.errors import UserError
    from themis_rm.serve.results import Ranking, Scores, ScoreTable
    from themis_rm.serve.scorer import Scorer

_MODULE_OF = {
    **dict.fromkeys(
        (
            *("load", "score", "rank", "evaluate", "calibrate", "leaderboard"),
            *("train", "merge", "mine", "curate", "assemble", "convert", "compile_benchmark"),
            *("browse", "agreement", "ablate"),
        ),
        "themis_rm.api",
    ),
    **dict.fromkeys(("Scores", "ScoreTable", "Ranking"), "themis_rm.serve.results"),
    "Scorer": "themis_rm.serve.scorer",
    "UserError": "themis_rm.errors",
}

__all__ = [
    "Ranking",
    "ScoreTable",
    "Scorer",
    "Scores",
    "UserError",
    "ablate",
    "agreement",
    "assemble",
    "browse",
    "calibrate",
    "compile_benchmark",
    "convert",
    "curate",
    "evaluate",
    "leaderboard",
    "load",
    "merge",
    "mine",
    "rank",
    "score",
    "train",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("themis-rm")
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'themis_rm' has no attribute '{name}'")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
