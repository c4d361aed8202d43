"""Runs tools in tasks and threads of their own, without blocking the event loop."""
