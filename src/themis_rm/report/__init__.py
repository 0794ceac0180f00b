"""Tables, plots and pages that people read."""
