"""Scalar reward models behind a server: tokens are computed here, rewards there.

Tokenization, chat template, criteria prompt and truncation are those of the local model directory, so that a server
changes rewards by its arithmetic only.
"""
