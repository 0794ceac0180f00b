"""Filters, term lists, bug injection and duplicates: commits and solutions become labelled pairs."""
