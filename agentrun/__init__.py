"""Voice agents as configuration. What a plugin author imports stands here.

>>> from agentrun import Call, ToolError, hookimpl
"""

from __future__ import annotations

import pluggy

from agentrun.call import Call
from agentrun.errors import ToolError
from agentrun.tools.decorator import tool
from agentrun.tools.no_response import NO_RESPONSE

__version__ = "0.1.0"

hookimpl = pluggy.HookimplMarker("agentrun")
"""Marks a function of a plugin as the implementation of a hook, such as ``agentrun_tools``."""

__all__ = ["NO_RESPONSE", "Call", "ToolError", "__version__", "hookimpl", "tool"]
