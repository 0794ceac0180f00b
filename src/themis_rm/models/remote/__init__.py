"""Scalar reward models whose rewards a server computes: tokens are made here, logits come from there.

Tokenization, template, criteria prompt and truncation are those of the model's folder here, so that a server can
change rewards by its arithmetic alone.
"""
