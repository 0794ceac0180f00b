"""The room of sources: git histories become commits, source trees become documented functions."""
