"""Wire formats of inference servers, one file per server program; each registers its dialects."""
