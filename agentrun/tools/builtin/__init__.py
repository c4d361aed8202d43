"""The built-in tools: what an agent can do with the call itself."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from agentrun.tools.builtin.builtin import Builtin

BUILTINS: Mapping[str, tuple[str, str]] = {
    "hang_up": ("agentrun.tools.builtin.hang_up", "BUILTIN"),
    "transfer": ("agentrun.tools.builtin.transfer", "BUILTIN"),
    "send_dtmf": ("agentrun.tools.builtin.digits", "SEND"),
    "collect_digits": ("agentrun.tools.builtin.digits", "COLLECT"),
    "wait": ("agentrun.tools.builtin.wait", "BUILTIN"),
    "stop_recording": ("agentrun.tools.builtin.recording", "BUILTIN"),
    "leave_voicemail": ("agentrun.tools.builtin.voicemail", "BUILTIN"),
    "http": ("agentrun.tools.http.build", "BUILTIN"),
}
"""Module and object by the name that stands in ``tools:``; a check imports those alone that a spec names."""


def builtin(name: str) -> Builtin:
    """The built-in tool ``name``; raises KeyError for any other name.

    >>> builtin("wait").settings.__name__
    'NoSettings'
    """
    module, attribute = BUILTINS[name]
    tool: Builtin = getattr(import_module(module), attribute)
    return tool


__all__ = ["BUILTINS", "Builtin", "builtin"]
