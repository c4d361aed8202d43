"""The script of a test: what the model does in each turn, and how far it has been played."""
