"""Plugins bring tools."""

from agentrun.plugins.load import load

__all__ = ["load"]
