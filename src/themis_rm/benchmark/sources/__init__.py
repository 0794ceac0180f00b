"""Public sources of benchmark pairs: one file each, with metadata and a mapper from the native format."""
