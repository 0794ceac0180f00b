"""The families of decoder reward models, one file each with a function ``parts``."""
