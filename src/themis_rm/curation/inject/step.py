"""The pipeline step that turns solutions into pairs: the solution and a copy of it with a bug."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from pydantic import Field, field_validator

from themis_rm.curation.inject.engine import Injection, inject
from themis_rm.curation.inject.operators import list_operators
from themis_rm.curation.inject.weights import Weights, operator_weights
from themis_rm.errors import SettingError
from themis_rm.languages import MissingPartError
from themis_rm.pipeline import DROPPED, TOO_DEEP, to_document
from themis_rm.records import CodePair, Solution
from themis_rm.settings import Settings
from themis_rm.storage.digests import stable_id

NO_BUG_SITE = "no-bug-site"
"""Reason of solutions that no operator fits; in languages without injection it is ``injection-not-supported``."""


class InjectSettings(Settings):
    """How bugs are injected into solutions."""

    per_solution: int = Field(default=1, ge=1)
    """Maximum number of pairs per solution, each with another bug."""
    memory: bool = True
    """Also use the operators that waste memory (criterion ME)."""
    memory_share: float = Field(default=0.5, ge=0, le=1)
    """Share of the solutions with a fitting memory operator whose last pair is made by such an operator."""
    weights: Weights = "frequency"
    """How often operators are drawn: as real fixes undo them, all equally, or operator -> weight (0 disables it)."""
    balance_length: bool = True
    """Make code longer as often as shorter, so that length does not predict the label; otherwise as real bugs do."""
    seed: int = 0
    """Seed of the draws."""

    @field_validator("weights")
    @classmethod
    def _validate_weights(cls, value: Weights) -> Weights:
        try:
            operator_weights(list_operators(), value)
        except SettingError as error:
            raise ValueError(str(error).rstrip(".")) from None
        return value


class InjectBugs(PipelineStep):
    """Turn documents with a :class:`Solution` into documents with a :class:`CodePair`; count those without a bug.

    Args:
        settings: How bugs are injected.
    """

    type = "✂️ - CODER"
    name = "themis bugs"

    def __init__(self, settings: InjectSettings) -> None:
        super().__init__()
        self.settings = settings

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Yield one document per pair."""
        for doc in data:
            solution = Solution.from_dict(doc.metadata)
            injections = self.inject_bugs(solution)
            if isinstance(injections, str):
                self.stat_update(DROPPED + injections)
                continue
            for injection in injections:
                yield to_document(make_pair(solution, injection).to_dict())

    def inject_bugs(self, solution: Solution) -> list[Injection] | str:
        """Return copies of a solution with a bug, at least one, or the reason why there are none."""
        settings = self.settings
        seed = stable_id(str(settings.seed), solution.id)
        wasteful: list[Injection] = []
        try:
            if settings.memory and int(seed[:8], 16) / 16**8 < settings.memory_share:
                wasteful = _inject(solution, seed, "ME", 1, settings)
            count = settings.per_solution - len(wasteful)
            incorrect = _inject(solution, seed, "FC", count, settings) if count else []
        except MissingPartError as error:
            return error.reason
        except RecursionError:  # in an operator of a plugin; the built-in ones walk trees without recursion
            return TOO_DEEP
        return [*incorrect, *wasteful] or NO_BUG_SITE


def _inject(solution: Solution, seed: str, criterion: str, count: int, settings: InjectSettings) -> list[Injection]:
    return inject(
        solution.solution,
        solution.language,
        seed=seed,
        count=count,
        operators=[operator.name for operator in list_operators() if operator.criterion == criterion],
        weights=settings.weights,
        balance_length=settings.balance_length,
    )


def make_pair(solution: Solution, injection: Injection) -> CodePair:
    """Return the pair of a solution and its copy with a bug."""
    return CodePair(
        id=stable_id("injection", solution.id, injection.operator, injection.code),
        instruction=solution.instruction,
        chosen=solution.solution,
        rejected=injection.code,
        language=solution.language,
        criteria=[injection.criterion],
        origin="injection",
        instruction_source=solution.instruction_source,
        repos=solution.repos,
        file_path=solution.file_path,
        license=solution.license,
        operator=injection.operator,
    )
