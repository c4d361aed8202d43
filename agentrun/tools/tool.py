"""A tool, as the model and the pipeline see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from agentrun.call import Call
from agentrun.tools.decorator import SAY_AFTER, TIMEOUT, OnInterrupt
from agentrun.tools.running.loop_guard import LoopAllowance


class Runner(Protocol):
    """Runs a tool once with the model's arguments, and returns anything that JSON can hold.

    Raises ``ToolError`` for what the model should be told, such as invalid arguments; any other exception is
    a bug in the tool.
    """

    async def __call__(self, call: Call, arguments: Mapping[str, Any]) -> Any: ...


@dataclass(frozen=True)
class Tool:
    """A function that the model may call. ``invoke`` runs it with its timeout, and never raises.

    ``parameters`` is a JSON Schema object (``type``, ``properties``, ``required``) without references;
    ``origin`` is where the function is defined (``plugins/ncaa.py:12``); ``timeout`` and ``say_after`` are in
    seconds. ``check`` raises ToolError for invalid arguments, without running anything. ``save`` maps
    variables to the JMESPath of their value in the result. ``function`` is the plugin's function that the
    tool was made from. ``home`` names the event loop in which the tool runs on a server; None is the call's.
    The other fields are the options of ``@tool``, which the pipeline and ``CallTools`` enforce.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    plugin: str
    origin: str
    run: Runner
    timeout: float = TIMEOUT
    say: str | None = None
    say_after: float = SAY_AFTER
    on_interrupt: OnInterrupt = "cancel"
    once_per_call: bool = False
    confirm: bool = False
    check: Callable[[Mapping[str, Any]], object] | None = None
    allowance: LoopAllowance = field(default_factory=LoopAllowance, compare=False, repr=False)
    save: Mapping[str, str] = field(default_factory=dict)
    function: Callable[..., Any] | None = field(default=None, compare=False, repr=False)
    home: str | None = None
