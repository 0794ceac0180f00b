"""Durable storage: atomic writes, content digests, Parquet tables, output directories and append-only caches.

Every other package writes files through this one, so that a job that is killed never leaves a half-written file
under its final name.
"""
