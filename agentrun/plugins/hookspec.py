"""The hooks that a plugin may implement; this file is their manual.

A plugin is a file or a package in the project's ``plugins`` folder, or an installed package with an entry
point in the group ``agentrun``::

    [project.entry-points.agentrun]
    trattoria = "trattoria_tools.plugin"

Its name, in ``tools:`` of a spec, is the file's, the package's or the entry point's. It is imported only
when a spec names it, there or as a provider.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pluggy

from agentrun.call import Call

hookspec = pluggy.HookspecMarker("agentrun")


@hookspec
def agentrun_tools() -> Sequence[Callable[..., Any]]:  # type: ignore[empty-body]
    """Give the functions that an agent may call, as a list.

    Each is a ``def``, which runs in a thread, or an ``async def``, which runs in the plugin's event loop and
    should not block it. What the model sees is the function's name, its docstring, and its parameters: their
    types from the type hints, their meaning from the docstring's ``Args:``. A parameter typed ``Call`` is
    filled by agentrun and hidden from the model. Arguments are checked before the function is called; those
    that don't fit go back to the model in words.

    A function returns a string, or anything that JSON can hold: dataclasses, pydantic models, dates, decimals
    and sets too. The model reads at most 16,000 characters of it. It may take 10 seconds;
    ``@tool(timeout=30)`` allows 30. It raises ``ToolError`` to tell the model in words why something can't be
    done; after any other exception the model hears only that it failed, and the traceback goes to the log.

    Called once, when the spec that names the plugin is loaded; it must do no more than name functions. A
    ``PluginError`` with file and line says that the plugin raises, that a function has no docstring, lacks a
    type hint or takes ``*args``, or that two of its tools have one name.

    >>> from agentrun import Call, ToolError, hookimpl
    >>> def book_table(call: Call, guests: int) -> str:
    ...     '''Book a table for this evening.
    ...
    ...     Args:
    ...         guests: How many people are coming.
    ...     '''
    ...     if guests > 12:
    ...         raise ToolError("We seat at most 12. Offer the private room.")
    ...     return f"Booked for {guests}, under {call.caller}."
    >>> @hookimpl
    ... def agentrun_tools():
    ...     return [book_table]
    """


@hookspec
def agentrun_providers() -> Mapping[str, Mapping[str, type]]:  # type: ignore[empty-body]
    """Give speech and language services of Pipecat's kind that a spec may name, by kind and provider.

    The kinds are ``stt``, ``llm``, ``tts`` and ``realtime``. A class is an ordinary service of Pipecat: it
    inherits from ``STTService``, ``LLMService`` or ``TTSService``, directly or by way of a service that
    Pipecat has, and needs nothing of agentrun. A spec writes it as ``tts: parrot/MODEL``; it is looked for
    in the plugin that is called like the provider, then in those that ``tools:`` names. Pipecat's own
    providers can't be replaced.

    The other keys of the mapping in the spec are arguments of the constructor and fields of the class's
    ``Settings``, when it has one; names and types are checked from the type hints. ``MODEL``, and what a
    language model is told, come as ``settings``. An argument ``api_key`` is taken from
    ``<PROVIDER>_API_KEY``, and ``aiohttp_session`` is filled.

    Called once each time a spec that names the provider is loaded. A ``PluginError`` says that the plugin
    raises, gives something else than classes by kind and name, or a class that is no such service.

    >>> from agentrun import hookimpl
    >>> @hookimpl
    ... def agentrun_providers():
    ...     from parrot_voice import ParrotTTSService
    ...
    ...     return {"tts": {"parrot": ParrotTTSService}}
    """


@hookspec
def agentrun_call_before(call: Call) -> Mapping[str, Any] | None:
    """Look up who calls, before the agent speaks; give values for the spec's variables, or None.

    ``call`` has the numbers and the parameters of the call, and no line yet. The keys are names of ``vars:``,
    ``save:`` or ``extract:`` of the spec; any other is left out, and so is a value of more than 16,000
    characters of JSON. The greeting waits for ``before_call.timeout`` of the spec, 1 second by default; what
    is not there by then is not used. ToolError refuses the call: its words are said, and the call ends. Any
    other exception goes to the record's errors, and the call goes on.

    Called once for every call that comes in to an agent whose ``tools:`` name the plugin, while the line is
    opened; a ``def`` runs in a thread.

    >>> from agentrun import Call, ToolError, hookimpl
    >>> @hookimpl
    ... def agentrun_call_before(call: Call):
    ...     if call.from_number == "+15550000000":
    ...         raise ToolError("We can't take your call. Goodbye.")
    ...     return {"plan": "gold"}
    """


@hookspec
def agentrun_call_started(call: Call) -> None:
    """Hear that a call has begun.

    ``call`` is what the tools of this call get: its numbers, its ``state``, and a line to speak on. The call
    does not wait; a ``def`` runs in a thread, an ``async def`` in the plugin's event loop, for at most 30
    seconds. What it raises goes to the log, and the call goes on.

    Called once for every call of an agent whose ``tools:`` name the plugin.

    >>> from agentrun import Call, hookimpl
    >>> @hookimpl
    ... def agentrun_call_started(call: Call):
    ...     call.state["customer"] = {"number": call.caller}
    """


@hookspec
def agentrun_call_ended(record: Mapping[str, Any]) -> None:
    """Hear that a call is over, and what was said.

    ``record`` is the record of the call as ``agentrun calls export`` prints it: ``id``, ``agent``,
    ``started``, ``ended``, ``ended_by``, ``reason``, ``transcript`` and more. Runs as
    ``agentrun_call_started`` does, and after it; a server that stops waits for it.

    >>> from agentrun import hookimpl
    >>> @hookimpl
    ... def agentrun_call_ended(record):
    ...     print(record["id"], record["ended_by"])
    """


@hookspec
def agentrun_client_message(call: Call, name: str, data: Any) -> Any:
    """Answer what a page asks beside the sound, with Pipecat's ``client.sendClientRequest(name, data)``.

    ``call`` is what the tools of this call get, ``data`` whatever the page has sent, from JSON; a page can be
    read and changed by its visitor. What is given must be something that JSON can hold, as a tool's result,
    of at most 16,000 characters; None says that this plugin has no answer, and the next one in ``tools:`` is
    asked. The page is told an error where none has one, after 8 seconds, and in the words of a ToolError; any
    other exception goes to the log. At most 8 messages of a call are answered at once.

    Called once for every message of a page (``sendClientMessage`` too, whose answer nobody waits for) to an
    agent whose ``tools:`` name the plugin, also while a hook of an earlier message runs; a ``def`` runs in a
    thread, an ``async def`` in the plugin's event loop.

    >>> from agentrun import Call, hookimpl
    >>> @hookimpl
    ... def agentrun_client_message(call: Call, name: str, data: object):
    ...     return {"customer": call.state.get("customer")} if name == "who-am-i" else None
    """
