"""Which software answers a call."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import version


@cache
def versions() -> dict[str, str]:
    """The versions of agentrun, Pipecat and Python."""
    return {
        "agentrun": version("agentrun"),
        "pipecat": version("pipecat-ai"),
        "python": platform.python_version(),
    }
