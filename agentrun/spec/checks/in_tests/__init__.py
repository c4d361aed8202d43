"""Checks of the tests in a spec."""
