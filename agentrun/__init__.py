"""Run voice agents that are described in YAML. This module exports what plugin authors need.

>>> from agentrun import Call, ToolError, hookimpl

Names are imported on first use, so that `agentrun --help` loads little more than click.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentrun.lazy_names import lazy_names

if TYPE_CHECKING:
    from agentrun.call import Call
    from agentrun.errors import ToolError
    from agentrun.hook_marker import hookimpl
    from agentrun.tools.decorator import tool
    from agentrun.tools.results.no_response import NO_RESPONSE

__version__ = "0.1.0"

__all__ = ["NO_RESPONSE", "Call", "ToolError", "__version__", "hookimpl", "tool"]

_MODULES = {
    "NO_RESPONSE": "agentrun.tools.results.no_response",
    "Call": "agentrun.call",
    "ToolError": "agentrun.errors",
    "hookimpl": "agentrun.hook_marker",
    "tool": "agentrun.tools.decorator",
}
__getattr__ = lazy_names(__name__, _MODULES)


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULES])
