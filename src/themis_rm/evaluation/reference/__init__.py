"""Published aggregate figures as one CSV file, for models on leaderboards without public pair scores."""
