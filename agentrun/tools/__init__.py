"""A function of a plugin becomes a tool that a model may call."""
