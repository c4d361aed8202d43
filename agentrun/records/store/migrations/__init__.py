"""Schema migrations of the record store."""
