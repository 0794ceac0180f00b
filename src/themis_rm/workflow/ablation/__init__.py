"""Ablations: variants of a training recipe with matched data and steps, several seeds, and one table with tests."""
