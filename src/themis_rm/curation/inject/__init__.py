"""Deterministic bug injection: one small, realistic mistake put into a working piece of code."""

from themis_rm.curation.inject.engine import Injection, inject
from themis_rm.curation.inject.operators import OPERATORS, Operator

__all__ = ["OPERATORS", "Injection", "Operator", "inject"]
