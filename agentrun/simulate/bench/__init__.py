"""Many calls at once, and what they cost."""
