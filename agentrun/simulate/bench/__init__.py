"""Load tests: many calls at once, and what they cost."""
