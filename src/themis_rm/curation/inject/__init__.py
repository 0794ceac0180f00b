"""Deterministic bug injection: one small, realistic mistake in a working piece of code."""

from themis_rm.curation.inject.engine import Injection, inject
from themis_rm.curation.inject.operators import OPERATORS, BugOperator

__all__ = ["OPERATORS", "BugOperator", "Injection", "inject"]
