"""Tools: from a plugin's function to something that a model can call."""
