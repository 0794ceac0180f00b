"""Published aggregate figures, shipped as one labelled file: what a board stands beside where it has no pair scores."""
