"""The definition of a built-in tool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agentrun.spec.models.base import SpecModel
from agentrun.tools.tool import Tool


class NoSettings(SpecModel):
    """For a tool without settings of its own."""


@dataclass(frozen=True)
class Builtin:
    """``make`` gives the function for an agent's ``settings``; it becomes a tool like a plugin's function.

    Where the spec says everything, as for an HTTP request, it gives the tool itself.
    """

    settings: type[SpecModel]
    make: Callable[[Any], Callable[..., Any] | Tool]
