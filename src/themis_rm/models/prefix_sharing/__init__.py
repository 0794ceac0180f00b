"""Computes the tokens that conversations share once: packing into trees, and attention over them."""
