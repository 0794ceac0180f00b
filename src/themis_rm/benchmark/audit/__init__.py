"""Audit of a benchmark: what, other than the quality of the code, distinguishes its chosen from its rejected responses.

The audit measures length bias, the accuracy of surface n-grams, duplicates, words and names that reveal labels, and
prompts that also occur in a training set. Every affected pair is listed, and every failed check has a hint.
"""
