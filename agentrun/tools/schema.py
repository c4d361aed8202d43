"""A function's signature and docstring as a JSON Schema for the model."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, NotRequired, Required, Union, get_args, get_origin

import docstring_parser
from pydantic import ConfigDict, Field, PydanticUserError, TypeAdapter
from typing_extensions import TypedDict

from agentrun.call import Call


class SignatureProblem(Exception):
    """A function that cannot be a tool, and why; ``hint`` says what to write."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True)
class Signature:
    """What the model may pass, how it is checked, and the parameter that takes the call, if any."""

    description: str
    parameters: Mapping[str, Any]
    arguments: TypeAdapter[Any]
    call_parameter: str | None


def read(function: Callable[..., Any]) -> Signature:
    """Read a function; raises SignatureProblem when it has no docstring or no type hints."""
    docstring = docstring_parser.parse(inspect.getdoc(function) or "")
    description = "\n\n".join(p for p in (docstring.short_description, docstring.long_description) if p)
    if not description:
        raise SignatureProblem(
            "has no docstring", "say in its docstring what it is for; the model reads that"
        )
    helps = {p.arg_name: p.description or "" for p in docstring.params}
    call_parameter, fields = _fields(function, helps)
    adapter = _adapter(fields)
    schema = _inline(adapter.json_schema())
    schema.pop("title", None)
    for name, described in schema.get("properties", {}).items():
        if described.get("title", "").replace(" ", "_").lower() == name.lower():
            described.pop("title")
    parameters = {"type": "object", "properties": {}, "required": [], **schema}
    return Signature(description, parameters, adapter, call_parameter)


def _fields(function: Callable[..., Any], helps: Mapping[str, str]) -> tuple[str | None, dict[str, Any]]:
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except (NameError, TypeError, AttributeError) as error:
        raise SignatureProblem(
            f"has a type hint that can't be read: {error}", "import what it names"
        ) from error
    call_parameter, fields = None, {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise SignatureProblem(f"takes *{name}", "name every argument: the model fills them by name")
        if name not in hints:
            raise SignatureProblem(f"has no type hint for '{name}'", f"write '{name}: str' or what it is")
        if _is_call(hints[name]):
            call_parameter = name
            continue
        fields[name] = _field(hints[name], parameter, helps.get(name, ""))
    return call_parameter, fields


def _field(hint: Any, parameter: inspect.Parameter, help_text: str) -> Any:
    optional = parameter.default is not parameter.empty
    details = {"description": help_text} if help_text else {}
    if optional and parameter.default is not None:
        details["json_schema_extra"] = {"default": parameter.default}  # type: ignore[assignment]
    hint = Annotated[hint, Field(**details)] if details else hint  # type: ignore[arg-type]
    return NotRequired[hint] if optional else Required[hint]


def _adapter(fields: dict[str, Any]) -> TypeAdapter[Any]:
    arguments = TypedDict("arguments", fields)  # type: ignore[operator]
    arguments.__pydantic_config__ = ConfigDict(extra="forbid")
    try:
        return TypeAdapter(arguments)
    except PydanticUserError as error:
        raise SignatureProblem(
            f"has a type that JSON can't express: {error.message.splitlines()[0]}", "use plain types"
        ) from error


def _is_call(hint: Any) -> bool:
    if get_origin(hint) in (Union, UnionType):
        return Call in get_args(hint)
    return hint is Call


def _inline(schema: dict[str, Any]) -> dict[str, Any]:
    """Replace every ``$ref`` by what it names: Pipecat sends no ``$defs``."""
    definitions = schema.pop("$defs", {})

    def resolve(node: Any, seen: tuple[str, ...] = ()) -> Any:
        if isinstance(node, list):
            return [resolve(item, seen) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            name = node["$ref"].rpartition("/")[2]
            if name in seen:
                raise SignatureProblem(f"has the type {name}, which contains itself", "flatten it")
            rest = {key: value for key, value in node.items() if key != "$ref"}
            return {**resolve(definitions[name], (*seen, name)), **resolve(rest, seen)}
        return {key: resolve(value, seen) for key, value in node.items()}

    resolved: dict[str, Any] = resolve(schema)
    return resolved
