"""Exit codes, the same for every command."""

ANSWERED, FAILED, USAGE, INFEASIBLE, NO_EVIDENCE = 0, 1, 2, 3, 4
INTERRUPTED = 130
"""As a shell reports a process that was interrupted."""
