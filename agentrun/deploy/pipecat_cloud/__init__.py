"""The target ``pipecat-cloud``: each session is a container, and its gateway calls ``bot``."""
