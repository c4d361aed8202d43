"""The ASGI server of `agentrun serve`."""
