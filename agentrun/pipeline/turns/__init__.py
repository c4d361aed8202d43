"""Whose turn it is: when the caller begins, ends, and may interrupt."""
