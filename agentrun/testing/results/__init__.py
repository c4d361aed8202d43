"""The results of tests, and their reports."""
