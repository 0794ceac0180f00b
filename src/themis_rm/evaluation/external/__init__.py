"""External benchmarks of reward models, scored as their authors score them, with intervals over prompts."""
