"""Mixtures, splits, assembly and dataset cards: labeled pairs become a preference dataset."""
