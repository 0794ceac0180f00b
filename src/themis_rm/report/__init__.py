"""Reports: leaderboard page, run page, plots, model and dataset cards for the hub."""
