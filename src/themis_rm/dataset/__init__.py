"""Assembly of preference datasets from labeled pairs: mixtures, splits and dataset cards."""
