"""Themis: multi-criteria, multilingual code reward models.

The package imports nothing heavy by itself: ``import themis_rm`` loads no torch, and each room is imported
when it is first asked for.
"""

__version__ = "0.1.0"
