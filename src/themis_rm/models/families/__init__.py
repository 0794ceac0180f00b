"""The families of decoder reward models: one file each, which registers its family."""
