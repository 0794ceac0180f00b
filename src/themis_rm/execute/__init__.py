"""Execution of untrusted code: a sandbox, the toolchains of this machine, and checks of responses."""
