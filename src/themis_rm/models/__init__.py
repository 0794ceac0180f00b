"""Any reward model to scores: one protocol, one catalogue, one file per family.

Nothing here loads torch; a family's module does so when a checkpoint of it is first loaded.
"""
