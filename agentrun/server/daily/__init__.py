"""Rooms at Daily: made, joined and deleted."""
