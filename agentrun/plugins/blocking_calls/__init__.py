"""Calls that stop the event loop, found in the source of ``async def`` tools and hooks, which is not run."""

from agentrun.plugins.blocking_calls.search import BlockingCall, search
from agentrun.plugins.blocking_calls.warnings import problems

__all__ = ["BlockingCall", "problems", "search"]
