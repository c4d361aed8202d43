"""A tool: a function of a plugin, as the model and the pipeline see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from agentrun.call import Call
from agentrun.tools.decorator import SAY_AFTER, TIMEOUT, OnInterrupt
from agentrun.tools.running.loop_guard import LoopAllowance


class Runner(Protocol):
    """Runs a tool once: the model's arguments in, anything that JSON can hold out.

    Raises ``ToolError`` for what the model should hear, such as arguments that don't fit; anything else is
    the tool's bug.
    """

    async def __call__(self, call: Call, arguments: Mapping[str, Any]) -> Any: ...


@dataclass(frozen=True)
class Tool:
    """One function that the model may call; run it with ``invoke``, which keeps the timeout and never raises.

    ``parameters`` is a JSON Schema object (``type``, ``properties``, ``required``) without references,
    ``origin`` says where the function stands (``plugins/ncaa.py:12``), ``timeout`` and ``say_after`` are in
    seconds. ``check`` raises ToolError for arguments that don't fit, without running anything.
    ``save`` has the variables that its result gives a value, each with its JMESPath. ``function`` is what a
    plugin's tool was made of. ``home`` names the event loop that it runs in on a server; none is the call's.
    The rest is what ``@tool`` says, which the pipeline and ``CallTools`` keep.
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
