"""The soak: clients of every protocol send, correct and send again while faults strike; then the accounts must agree.

`python -m tests.support.soak` (or `make soak`) runs it; docs/reliability.md says what it has found.
"""
