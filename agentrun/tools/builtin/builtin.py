"""The definition of a built-in tool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agentrun.spec.models.base import SpecModel
from agentrun.tools.tool import Tool


class NoSettings(SpecModel):
    """The settings of a tool that has none."""


@dataclass(frozen=True)
class Builtin:
    """``make`` returns the function for an agent's ``settings``, which becomes a tool as a plugin's does.

    Where the spec says everything, as for an HTTP request, it gives the tool itself.
    """

    settings: type[SpecModel]
    make: Callable[[Any], Callable[..., Any] | Tool]
