"""Example plugin of themis-rm."""
