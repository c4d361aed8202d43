"""Derives a tool's schema from a function's type hints and docstring."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from types import UnionType
from typing import Annotated, Any, NotRequired, Optional, Required, Union, cast, get_args, get_origin

import docstring_parser
from pydantic import ConfigDict, Field, TypeAdapter, with_config
from pydantic.fields import FieldInfo
from pydantic_core import PydanticSerializationError, from_json, to_json
from typing_extensions import TypedDict

from agentrun.call import Call
from agentrun.tools.arguments.argument_check import Signature, SignatureError
from agentrun.tools.arguments.inline_references import flatten
from agentrun.tools.author_errors import AuthoredError, authored

MOST_REASON = 200


def read(function: Callable[..., Any]) -> Signature:
    """Read a function's signature; raises SignatureError if a model could not know how to call it.

    The description is the docstring without its sections; those of the parameters come from ``Args:``.
    """
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise SignatureError("yields its results one by one", "return them together, as a list")
    docstring = docstring_parser.parse(inspect.getdoc(function) or "")
    paragraphs = (docstring.short_description, docstring.long_description)
    description = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
    if not description:
        raise SignatureError(
            "has no docstring", "say in its docstring what it does and when to call it: the model reads that"
        )
    helps = {p.arg_name: " ".join((p.description or "").split()) for p in docstring.params}
    calls, fields = _fields(function, helps)
    arguments, schema = _adapter(fields)
    schema = flatten(schema)
    return Signature(description, {"properties": {}, "required": [], **schema}, arguments, calls)


def _fields(function: Callable[..., Any], helps: Mapping[str, str]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The names of the parameters typed ``Call``, and a field for every other one."""
    _refuse_flow_manager(function)
    hints = _hints(function)
    calls: list[str] = []
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            stars = "*" if parameter.kind is parameter.VAR_POSITIONAL else "**"
            raise SignatureError(f"takes {stars}{name}", "name every argument: the model fills them by name")
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise SignatureError(f"takes '{name}' by position only", "remove the '/' from its parameters")
        if name not in hints:
            raise SignatureError(f"has no type hint for '{name}'", f"write {name}: str, or what it is")
        if isinstance(parameter.default, FieldInfo):
            hint = f"write {name}: Annotated[…, Field(…)] and a plain default: the function is called with it"
            raise SignatureError(f"has Field(…) as the default of '{name}'", hint)
        if _is_call(hints[name]):
            calls.append(name)
        else:
            fields[name] = _field(hints[name], parameter, helps.get(name, ""))
    return tuple(calls), fields


def _refuse_flow_manager(function: Callable[..., Any]) -> None:
    """Say what a handler that was written for Pipecat Flows needs; raises SignatureError."""
    parameters = inspect.signature(function).parameters
    for name, parameter in parameters.items():
        annotation = (
            parameter.annotation if isinstance(parameter.annotation, str) else repr(parameter.annotation)
        )
        if name == "flow_manager" or "FlowManager" in annotation:
            named = "" if "args" not in parameters else "each argument by its name instead of `args`, "
            raise SignatureError(
                f"takes '{name}', Pipecat's FlowManager",
                f"write {named}`call: Call` instead of `{name}`, `call.state[…]` for `{name}.state[…]`, "
                "and return the result alone, or `(result, NO_RESPONSE)` for silence; `transition_to` says "
                "what follows",
            )


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except (NameError, AttributeError, TypeError, SyntaxError) as error:
        raise SignatureError(
            f"has a type hint that can't be read: {error}",
            "import what the hint names, outside of `if TYPE_CHECKING:`",
        ) from None


def _field(hint: Any, parameter: inspect.Parameter, description: str) -> Any:
    optional = parameter.default is not parameter.empty
    if optional and parameter.default is None:
        hint = Optional[hint]  # noqa: UP045 - the hint is a value here
    if description:
        hint = Annotated[hint, Field(description=description)]
    if optional and parameter.default is not None:
        hint = Annotated[hint, Field(json_schema_extra=_default(parameter.default))]
    return NotRequired[hint] if optional else Required[hint]


def _default(value: Any) -> dict[str, Any]:
    """A default for the model to read; one that JSON can't hold still counts, and is not shown."""
    try:
        return {"default": from_json(to_json(value), allow_inf_nan=False)}
    except (PydanticSerializationError, ValueError):
        return {}


def _adapter(fields: dict[str, Any]) -> tuple[TypeAdapter[dict[str, Any]], dict[str, Any]]:
    """The check of the arguments, and their JSON Schema."""
    try:
        with authored():  # types may bring code of their own, and limits that don't fit them
            # A TypedDict and not a model: its keys may be called json, copy, schema, _x or model_config.
            arguments = cast(Any, TypedDict)("arguments", fields)
            adapter = TypeAdapter(with_config(ConfigDict(extra="forbid"))(arguments))
            return adapter, adapter.json_schema()
    except AuthoredError as error:
        reason = " ".join(str(error.error).split())[:MOST_REASON]
        raise SignatureError(
            f"has a type hint that JSON can't express: {reason}",
            "use str, int, float, bool, list, dict, Literal, an enum, a dataclass or a pydantic model",
        ) from None


def _is_call(hint: Any) -> bool:
    if get_origin(hint) is Annotated:
        return _is_call(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        return any(_is_call(part) for part in get_args(hint))
    return hint is Call
