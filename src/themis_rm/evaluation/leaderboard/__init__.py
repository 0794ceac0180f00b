"""Leaderboards: read runs on one benchmark, compare all models with paired tests, check published tables."""
