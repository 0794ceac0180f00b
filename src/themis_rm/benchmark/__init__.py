"""Construction of benchmarks: public sources, compilation, verification by execution, audit, authored pairs."""
