"""Published aggregate figures, shipped as one labeled file: what a board stands beside where it has no pair scores."""
