"""Filters, term lists, bug injection and duplicates: commits and solutions become labeled pairs."""
