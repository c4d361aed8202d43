"""What a tool gives back, and what is kept of it."""
