"""Contract tests that plugins can run on their own parts."""
