"""For the tests of plugins and agents: call a tool as a call does, and hold a scripted conversation.

>>> from agentrun.testing import call_tool
>>> def add(a: int, b: int) -> int:
...     '''Add two numbers.'''
...     return a + b
>>> call_tool(add, {"a": 2, "b": "3"}).text
'5'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentrun.testing.tools import call_tool

if TYPE_CHECKING:
    from agentrun.testing.conversation import Conversation

__all__ = ["Conversation", "call_tool"]


def __getattr__(name: str) -> Any:
    """``Conversation`` brings Pipecat with it, which a test of tools alone need not wait for."""
    if name != "Conversation":
        raise AttributeError(f"module 'agentrun.testing' has no attribute {name!r}")
    from agentrun.testing.conversation import Conversation

    return Conversation
