"""Curation: turns mined commits and solutions into labeled pairs with filters, term lists and bug injection."""
