"""Benchmarks: pairs in, scores and results with their uncertainty out."""
