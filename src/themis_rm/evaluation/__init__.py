"""Evaluation of reward models: benchmark runs, statistics, leaderboards, re-ranking, adversarial edits."""
