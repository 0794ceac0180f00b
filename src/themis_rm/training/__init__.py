"""Training of reward models: recipes, tokenization of pairs, loss terms, and a trainer on ``transformers.Trainer``.

Importing this package or its recipes loads no torch; :mod:`themis_rm.training.runner` has the entry point ``train``.
"""
