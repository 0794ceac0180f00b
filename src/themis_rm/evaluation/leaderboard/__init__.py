"""Many runs on one benchmark, side by side: read, counted, tested against each other, checked against tables."""
