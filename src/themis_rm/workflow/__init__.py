"""The main job as one command: stages that are skipped when unchanged and resumed where they were killed."""
