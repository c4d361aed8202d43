"""Calls that have been become tests, or are run again."""
