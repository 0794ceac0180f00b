"""The pipeline step that turns solutions into pairs: the solution and a copy of it with a bug."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from pydantic import Field, field_validator

from themis_rm.curation.inject.engine import Injection, chosen_operators, inject
from themis_rm.curation.inject.operators import OPERATORS
from themis_rm.errors import SettingError
from themis_rm.pipeline import DROPPED, to_document
from themis_rm.records import CodePair, Solution
from themis_rm.settings import Settings
from themis_rm.storage.digests import stable_id

NO_SITE = "no-bug-site"


class InjectSettings(Settings):
    """How bugs are put into solutions."""

    per_solution: int = Field(default=1, ge=1)
    """Most pairs that one solution gives, each with another bug."""
    memory: bool = True
    """Also use the operators that waste memory (criterion ME)."""
    memory_share: float = Field(default=0.5, ge=0, le=1)
    """Share of the solutions with a fitting memory operator whose last pair is made by one."""
    weights: dict[str, float] = Field(default_factory=dict)
    """Operator name -> weight in place of the table's; 0 turns one off."""
    seed: int = 0
    """Seed of the draws."""

    @field_validator("weights")
    @classmethod
    def _known(cls, value: dict[str, float]) -> dict[str, float]:
        try:
            chosen_operators(None, value)
        except SettingError as error:
            raise ValueError(str(error).rstrip(".")) from None
        return value


class InjectBugs(PipelineStep):
    """Turns documents with a :class:`Solution` into documents with a :class:`CodePair`; counts those without bug site.

    Args:
        settings: How bugs are put in.
    """

    type = "✂️ - CODER"
    name = "themis bugs"

    def __init__(self, settings: InjectSettings) -> None:
        super().__init__()
        self.settings = settings

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Yield a document per pair."""
        for doc in data:
            solution = Solution.from_dict(doc.metadata)
            found = self.bugs(solution)
            if not found:
                self.stat_update(DROPPED + NO_SITE)
            for injection in found:
                yield to_document(pair(solution, injection).to_dict())

    def bugs(self, solution: Solution) -> list[Injection]:
        """Return the bugged copies of a solution."""
        settings = self.settings
        seed = stable_id(str(settings.seed), solution.id)
        wasteful: list[Injection] = []
        if settings.memory and int(seed[:8], 16) / 16**8 < settings.memory_share:
            wasteful = _inject(solution, seed, "ME", 1, settings)
        count = settings.per_solution - len(wasteful)
        return [*(_inject(solution, seed, "FC", count, settings) if count else []), *wasteful]


def _inject(solution: Solution, seed: str, criterion: str, count: int, settings: InjectSettings) -> list[Injection]:
    kinds = [row.name for row in OPERATORS if row.criterion == criterion]
    weights = settings.weights
    return inject(solution.solution, solution.language, seed=seed, count=count, kinds=kinds, weights=weights)


def pair(solution: Solution, injection: Injection) -> CodePair:
    """Return the pair of a solution and its bugged copy."""
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
