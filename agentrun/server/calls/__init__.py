"""The calls of a process, over any transport."""
