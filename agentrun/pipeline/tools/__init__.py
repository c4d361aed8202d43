"""The agent's tools as functions that a model may call."""
