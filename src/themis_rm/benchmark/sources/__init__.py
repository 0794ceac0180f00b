"""Public sources of benchmark pairs: one file each, a row of metadata and a mapper from the native format."""
