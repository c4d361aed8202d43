"""Runs agents inside somebody else's server: their server accepts the call, agentrun answers it."""
