"""Builds Pipecat services from their plans, over resources shared by all calls of a process."""
