"""The result of a tool, and what is kept of it."""
