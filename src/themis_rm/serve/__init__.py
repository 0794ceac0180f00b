"""Scoring for use: one answer from Python, files and streams from the command line."""
