"""Finding and loading plugins, and the hooks they implement."""

from agentrun.plugins.load import load, load_all

__all__ = ["load", "load_all"]
