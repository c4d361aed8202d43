"""Planned services become Pipecat's, over what all calls of a process share."""
