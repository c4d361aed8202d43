"""Builds a tool from an HTTP request in a spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from agentrun.call import Call
from agentrun.tools.arguments.argument_check import Signature
from agentrun.tools.arguments.inline_references import flatten
from agentrun.tools.builtin.builtin import Builtin
from agentrun.tools.http.parameter import shape
from agentrun.tools.http.settings import Settings
from agentrun.tools.tool import Tool


def make(settings: Settings) -> Tool:
    """Make a tool of a request; its arguments are validated before anything is sent."""
    adapter = TypeAdapter(shape("arguments", settings.parameters))
    schema = {"properties": {}, "required": [], **flatten(adapter.json_schema())}
    signature = Signature(settings.description, schema, adapter, ())
    absent = dict.fromkeys(settings.parameters)

    async def run(call: Call, arguments: Mapping[str, Any]) -> Any:
        # an HTTP client takes long to import, and `check` has no use for one
        from agentrun.tools.http.request import ask

        return await ask(settings, call, {**absent, **signature.check(arguments)})

    return Tool(
        name=settings.name,
        description=settings.description,
        parameters=schema,
        plugin="http",
        origin=f"{settings.method} {settings.url}",
        run=run,
        check=signature.check,
    )


BUILTIN = Builtin(Settings, make)
