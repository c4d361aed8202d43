"""Plugins bring tools."""

from agentrun.plugins.load import load, load_all

__all__ = ["load", "load_all"]
