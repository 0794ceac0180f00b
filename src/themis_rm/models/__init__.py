"""Reward models of any kind: one protocol, one registry, one file per family.

Importing the protocol, the settings or the registries imports no torch; loading a checkpoint does.
"""
