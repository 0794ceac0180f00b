"""Workflows: all stages from git repositories to a scored answer, skipped if unchanged and resumed if interrupted."""
