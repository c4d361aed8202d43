"""Checks of a deployment before its first call."""
