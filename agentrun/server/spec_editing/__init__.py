"""Specs that are edited in the page: checked, talked with, and written back to their files."""
