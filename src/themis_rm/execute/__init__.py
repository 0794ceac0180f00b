"""Untrusted code, executed and judged: a sandbox, the toolchains of this machine, and the checks that they run."""
