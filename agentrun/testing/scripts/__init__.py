"""The script of a test: what the model does in it, turn by turn, and how much of that has happened."""
