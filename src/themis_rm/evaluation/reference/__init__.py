"""Published aggregate figures, shipped as one CSV file: reference entries of leaderboards without public pair scores."""
