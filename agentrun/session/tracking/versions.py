"""The software versions that answer a call."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import version

from agentrun import __version__


@cache
def versions() -> dict[str, str]:
    """The versions of agentrun, Pipecat and Python."""
    return {
        "agentrun": __version__,
        "pipecat": version("pipecat-ai"),
        "python": platform.python_version(),
    }
