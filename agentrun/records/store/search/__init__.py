"""The full-text index over the contents of records."""
