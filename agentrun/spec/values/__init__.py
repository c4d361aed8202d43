"""Kinds of values that several keys have: durations, addresses, paths and templates."""
