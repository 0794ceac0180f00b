"""Plan of a training run: memory, time and disk space of a recipe on a number of GPUs, before anything is started."""
