"""The audit of a benchmark: what, beside the quality of code, could tell its better answers from its worse ones.

Length, surface words, duplicates, labels that stand in names and comments, requests that a training set holds. Every
pair that shows something is named, and every problem comes with its mend.
"""
