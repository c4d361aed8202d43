"""Finds calls that would block the event loop in the source of ``async def`` tools and hooks."""

from agentrun.plugins.blocking_calls.search import BlockingCall, search
from agentrun.plugins.blocking_calls.warnings import problems

__all__ = ["BlockingCall", "problems", "search"]
