"""Removes from records and logs what must not be in them: numbers, keys, and what a spec lists."""
