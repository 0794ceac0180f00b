"""Runs reward models on benchmarks: evaluation, statistics, leaderboards, re-ranking, adversarial edits."""
