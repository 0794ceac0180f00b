"""Compute the shared prefixes of token sequences once: packing into trees, and tree attention."""
