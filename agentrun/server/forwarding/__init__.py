"""Forwards requests to the process that owns their call, over a private address."""
