"""A folder that was written before: what it knows of itself, what holds of that, and its file of secrets."""
