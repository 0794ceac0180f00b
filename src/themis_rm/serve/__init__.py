"""Scores code: a Python API for single responses, groups and batches, and streams of requests of any length."""
