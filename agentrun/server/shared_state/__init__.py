"""What the workers of one server must know of each other."""
