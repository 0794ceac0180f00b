"""Readers of native formats: documents, tables, problem statements, commits, examples, test programs."""
