"""Human judgments of pairs: which rows are read, what readers answered, and how far they agree."""
