"""Calls that are admitted here and answered by sessions elsewhere."""
