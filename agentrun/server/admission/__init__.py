"""Admission control: which calls are let in, how many at once, and how the others are rejected."""
