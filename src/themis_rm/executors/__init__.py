"""Run the tasks of a data stage: worker processes on this machine, a Ray cluster, or Slurm array jobs.

Every executor returns when all tasks have written their completion markers, and raises the reason otherwise.
"""
