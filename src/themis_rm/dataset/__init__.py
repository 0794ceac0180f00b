"""Mixtures, splits, assembly and dataset cards: labelled pairs become a preference dataset."""
