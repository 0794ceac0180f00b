"""Training: recipes, pair tokenization, the objective as pure functions, and a trainer on ``transformers.Trainer``.

Importing the room loads no torch; its modules ``objective``, ``model`` and ``trainer`` do.
"""
