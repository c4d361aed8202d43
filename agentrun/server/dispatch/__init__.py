"""Calls that are let in here and answered by sessions elsewhere."""
