"""Judge interfaces, one file each: prompts, score range and parser; each registers its interface."""
