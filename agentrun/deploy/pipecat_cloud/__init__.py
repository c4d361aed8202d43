"""Pipecat Cloud: a container for each session, which their gateway brings to a function ``bot``."""
