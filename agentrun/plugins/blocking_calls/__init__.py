"""Calls that stop the event loop, found in the source of ``async def`` tools without running them."""

from agentrun.plugins.blocking_calls.search import BlockingCall, search
from agentrun.plugins.blocking_calls.warnings import problems

__all__ = ["BlockingCall", "problems", "search"]
