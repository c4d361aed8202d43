"""An HTTP request of a spec becomes a tool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired, cast

from pydantic import ConfigDict, Field, Strict, TypeAdapter, with_config
from typing_extensions import TypedDict

from agentrun.call import Call
from agentrun.tools.flatten import flatten
from agentrun.tools.http.settings import Parameter, Settings
from agentrun.tools.signature import Signature
from agentrun.tools.tool import Tool

_TYPES: Mapping[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": Annotated[bool, Strict()],
}


def make(settings: Settings) -> Tool:
    """The tool of a request; its arguments are checked before anything is sent."""
    fields = {name: _hint(parameter) for name, parameter in settings.parameters.items()}
    shape = cast(Any, TypedDict)("arguments", fields)
    adapter = TypeAdapter(with_config(ConfigDict(extra="forbid"))(shape))
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


def _hint(parameter: Parameter) -> Any:
    kind = Literal[parameter.enum] if parameter.enum else _TYPES[parameter.type]
    limits = {
        "ge": parameter.minimum,
        "le": parameter.maximum,
        "min_length": parameter.min_length,
        "max_length": parameter.max_length,
    }
    given: dict[str, Any] = {key: value for key, value in limits.items() if value is not None}
    hint: Any = Annotated[kind, Field(description=parameter.description or None, **given)]
    return hint if parameter.required else NotRequired[hint]
