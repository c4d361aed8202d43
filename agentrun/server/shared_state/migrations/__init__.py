"""Schema migrations of the shared state."""
