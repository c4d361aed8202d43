"""Recorded calls, turned into tests or replayed."""
