"""Daily rooms: created, joined and deleted."""
