"""Any reward model to scores: one protocol, one catalog, one file per family.

Nothing here loads torch; a family's module does so when a checkpoint of it is first loaded.
"""
