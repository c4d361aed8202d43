"""The agent's tools as functions that a model can call."""
