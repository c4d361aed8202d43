"""The hooks that a plugin can implement; this file is their manual.

A plugin is a file or a package in the project's ``plugins`` folder, or an installed package with an entry
point in the group ``agentrun``::

    [project.entry-points.agentrun]
    trattoria = "trattoria_tools.plugin"

A spec names it under ``tools:`` by the name of the file, the package or the entry point. It is imported only
if a spec names it, there or as a provider.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pluggy

from agentrun.call import Call

hookspec = pluggy.HookspecMarker("agentrun")


@hookspec
def agentrun_tools() -> Sequence[Callable[..., Any]]:  # type: ignore[empty-body]
    """Return the functions that an agent may call, as a list.

    Each is a ``def``, which runs in a thread, or an ``async def``, which runs in the plugin's event loop and
    should not block it. The model sees the function's name, its docstring and its parameters, with types from
    the type hints and descriptions from the docstring's ``Args:``. A parameter typed ``Call`` is filled in by
    agentrun and hidden from the model. Arguments are validated before the function is called; if they are
    invalid, the model is told why.

    A function returns a string or anything that JSON can hold, including dataclasses, pydantic models, dates,
    decimals and sets. The model receives at most 16,000 characters of it. The default timeout is 10 seconds;
    ``@tool(timeout=30)`` allows 30. The function raises ``ToolError`` to tell the model why something can't
    be done. After any other exception the model is told only that the tool failed, and the traceback goes to
    the log.

    Called once, when the spec that names the plugin is loaded; it should only return the list. Loading fails
    with a ``PluginError``, with file and line, if the hook raises, if a function has no docstring, lacks a
    type hint or takes ``*args``, or if two of its tools have the same name.

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
    """Return Pipecat services that a spec can name, by kind and provider.

    The kinds are ``stt``, ``llm``, ``tts`` and ``realtime``. A class is an ordinary Pipecat service: it
    inherits from ``STTService``, ``LLMService`` or ``TTSService``, directly or through one of Pipecat's
    services, and needs nothing from agentrun. A spec names it as ``tts: parrot/MODEL``. agentrun looks for
    it in the plugin with the provider's name, then in the plugins named under ``tools:``. Pipecat's own
    providers can't be replaced.

    The other keys of the mapping in the spec are arguments of the constructor and fields of the class's
    ``Settings``, if it has one; names and types are checked against the type hints. ``MODEL`` and a language
    model's system prompt are passed in ``settings``. An argument ``api_key`` is filled from
    ``<PROVIDER>_API_KEY``, and ``aiohttp_session`` with a shared session.

    Called once each time a spec that names the provider is loaded. Loading fails with a ``PluginError`` if
    the hook raises, or returns anything but service classes by kind and name.

    >>> from agentrun import hookimpl
    >>> @hookimpl
    ... def agentrun_providers():
    ...     from parrot_voice import ParrotTTSService
    ...
    ...     return {"tts": {"parrot": ParrotTTSService}}
    """


@hookspec
def agentrun_call_before(call: Call) -> Mapping[str, Any] | None:
    """Look up the caller before the agent speaks; return values for the spec's variables, or None.

    ``call`` has the numbers and parameters of the call, but no line yet. The keys of the result are variables
    of ``vars:``, ``save:`` or ``extract:`` in the spec; other keys are ignored, as are values of more than
    16,000 characters of JSON. The greeting waits for the result for ``before_call.timeout``, 1 second by
    default; a later result is not used. A ToolError rejects the call: its text is spoken, and the call ends.
    Any other exception goes to the record's errors, and the call goes on.

    Called once for every incoming call of an agent whose ``tools:`` name the plugin, while the line is being
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
    """Called when a call has begun.

    ``call`` is the ``Call`` that the tools receive: its numbers, its ``state``, and a line to speak on. The
    call does not wait for the hook. A ``def`` runs in a thread, an ``async def`` in the plugin's event loop,
    for at most 30 seconds. Exceptions go to the log, and the call goes on.

    Called once for every call of an agent whose ``tools:`` name the plugin.

    >>> from agentrun import Call, hookimpl
    >>> @hookimpl
    ... def agentrun_call_started(call: Call):
    ...     call.state["customer"] = {"number": call.caller}
    """


@hookspec
def agentrun_call_ended(record: Mapping[str, Any]) -> None:
    """Called when a call is over.

    ``record`` is the call record as printed by ``agentrun calls export``: ``id``, ``agent``, ``started``,
    ``ended``, ``ended_by``, ``reason``, ``transcript`` and more. Runs like ``agentrun_call_started``, and
    after it; a server that is stopping waits for it.

    >>> from agentrun import hookimpl
    >>> @hookimpl
    ... def agentrun_call_ended(record):
    ...     print(record["id"], record["ended_by"])
    """


@hookspec
def agentrun_client_message(call: Call, name: str, data: Any) -> Any:
    """Answer a web page's request, sent with Pipecat's ``client.sendClientRequest(name, data)``.

    ``call`` is the ``Call`` that the tools receive, ``data`` whatever JSON value the page sent; don't trust
    it, since visitors can change what a page sends. Return anything that JSON can hold in at most 16,000
    characters, or None if this plugin has no answer; the next plugin in ``tools:`` is then asked. The page
    receives an error if no plugin has an answer, after 8 seconds, or with the text of a ToolError. Any other
    exception goes to the log. At most 8 messages of a call are answered at once.

    Called once for every message of a page to an agent whose ``tools:`` name the plugin, including
    ``sendClientMessage``, whose result is discarded, and even while a hook for an earlier message is still
    running. A ``def`` runs in a thread, an ``async def`` in the plugin's event loop.

    >>> from agentrun import Call, hookimpl
    >>> @hookimpl
    ... def agentrun_client_message(call: Call, name: str, data: object):
    ...     return {"customer": call.state.get("customer")} if name == "who-am-i" else None
    """
