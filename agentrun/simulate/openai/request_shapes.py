"""The expected formats of requests; anything else is a client error."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from agentrun.simulate.openai.request_bodies import RefusedError


class _Shape(BaseModel):
    model_config = ConfigDict(extra="allow", protected_namespaces=())


class Schema(_Shape):
    """What of a JSON Schema is read here."""

    type: str | list[str] = "null"
    properties: dict[str, Schema | bool] = {}
    items: Schema | bool = True
    enum: list[Any] = Field([None], min_length=1)
    any_of: list[Schema | bool] = Field([], alias="anyOf")
    one_of: list[Schema | bool] = Field([], alias="oneOf")
    min_items: int = Field(0, alias="minItems")
    minimum: float = 0.0
    maximum: float = 0.0
    defs: dict[str, Schema | bool] = Field({}, alias="$defs")


class _Part(_Shape):
    type: str
    text: str | None = None
    transcript: str | None = None


Content = str | list[_Part] | None


class _Called(_Shape):
    name: str
    arguments: str = ""


class _ToolCall(_Shape):
    function: _Called


class _Other(_Shape):
    type: str


def _kind(value: Any) -> str:
    """Which of two a tool or a call is: all but a function, such as ``custom``, is only passed on."""
    kind = value.get("type", "function") if isinstance(value, dict) else "function"
    return "a function" if kind == "function" or not isinstance(kind, str) else "another tool"


_F = TypeVar("_F", bound=_Shape)
_OrOther = Annotated[
    Annotated[_F, Tag("a function")] | Annotated[_Other, Tag("another tool")], Discriminator(_kind)
]
"""A function in one of its shapes, or any other tool."""


class _Message(_Shape):
    role: str
    content: Content = None
    name: str | None = None
    tool_call_id: str | None = None
    tool_calls: list[_OrOther[_ToolCall]] | None = None


class _Function(_Shape):
    name: str
    description: str | None = None
    parameters: Schema | None = None


class _Tool(_Shape):
    type: str
    function: _Function


class _JsonSchema(_Shape):
    schema_: Schema | None = Field(None, alias="schema")


class _ResponseFormat(_Shape):
    type: str
    json_schema: _JsonSchema | None = None


class _StreamOptions(_Shape):
    include_usage: bool | None = None


MOST_CHOICES = 128
"""Of a chat completion; https://platform.openai.com/docs/api-reference/chat/create"""


class Chat(_Shape):
    """A body of ``/v1/chat/completions``."""

    messages: list[_Message] = Field(min_length=1)
    n: Annotated[int, Field(ge=1, le=MOST_CHOICES, strict=True)] | None = None
    tools: list[_OrOther[_Tool]] | None = Field(None, max_length=128)
    response_format: _ResponseFormat | None = None
    stream_options: _StreamOptions | None = None


class Item(_Shape):
    """An item of a conversation, as Responses and Realtime have it."""

    type: str
    role: str | None = None
    content: Content = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    output: Content = None


class _FlatTool(_Function):
    type: Literal["function"]


class _TextFormat(_Shape):
    type: str
    schema_: Schema | None = Field(None, alias="schema")


class _Text(_Shape):
    format: _TextFormat | None = None


class Responses(_Shape):
    """What a body of ``/v1/responses`` has beside its input."""

    tools: list[_OrOther[_FlatTool]] | None = None
    text: _Text | None = None


class RealtimeSettings(_Shape):
    """The settings of a realtime session, but for its sound."""

    tools: list[_OrOther[_FlatTool]] | None = None


_BRANCHES = ("str", "list[str]", "list[_Part]", "Schema", "bool", "a function", "another tool")
"""What Pydantic puts into a place for the kind that it tried there."""


class Misfit(NamedTuple):
    """What is wrong with a request: ``param`` names the part, and ``code`` is OpenAI's word for its kind."""

    message: str
    param: str
    code: str


def misfit(shape: type[BaseModel], data: Any) -> Misfit | None:
    """What is wrong with the first wrong part of ``data``; None where it has the ``shape``.

    >>> misfit(Chat, {"messages": [{"role": "user", "content": 7}]}).param
    'messages[0].content'
    """
    try:
        shape.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        parts = [part for part in first["loc"] if part not in _BRANCHES]
        param = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
        message = f"{'.'.join(map(str, parts))}: {first['msg']}"
        return Misfit(message, param.removeprefix("."), _code(first["type"]))
    return None


def require(shape: type[BaseModel], data: Any) -> None:
    """Raise RefusedError unless ``data`` has the ``shape``."""
    if wrong := misfit(shape, data):
        raise RefusedError(wrong.message, param=wrong.param, code=wrong.code)


def _code(kind: str) -> str:
    """OpenAI's code for a kind of Pydantic's.

    >>> [_code(kind) for kind in ("missing", "string_type", "too_short")]
    ['missing_required_parameter', 'invalid_type', 'invalid_value']
    """
    if kind == "missing":
        return "missing_required_parameter"
    return "invalid_type" if kind.endswith("_type") else "invalid_value"
