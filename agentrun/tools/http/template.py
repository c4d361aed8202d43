"""Fills a request's templates with arguments, and its ``${NAME}`` with environment variables."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from agentrun.call import Call
from agentrun.errors import ToolError
from agentrun.spec.values.environment_variables import VARIABLE

VARIABLES = "environ"
CALL = "call"
"""What a template knows of the call: `{{ call.from_number }}`, which no model can choose."""
_ALONE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")


def source(text: str) -> str:
    """``text`` with its variables as Jinja's: an argument that holds ``${SECRET}`` is never expanded."""
    return VARIABLE.sub(lambda found: f"{{{{ {VARIABLES}[{found[1]!r}] or {found[2] or ''!r} }}}}", text)


def call_fields(tree: Any) -> set[str]:
    """The fields of ``call`` that a parsed template names."""
    from jinja2 import nodes

    attributes = tree.find_all(nodes.Getattr)
    return {one.attr for one in attributes if isinstance(one.node, nodes.Name) and one.node.name == CALL}


def with_call(arguments: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """What the templates of a request can name."""
    from datetime import UTC, datetime

    from agentrun.spec.values.templates import names

    return {**arguments, CALL: names(call, {}, datetime.now(UTC))[CALL]}


def fill_values(
    value: str | tuple[str, ...], arguments: Mapping[str, Any], environ: Mapping[str, str]
) -> list[str]:
    """The values of one field of a form or a query: one for each that a list has, none for nothing.

    >>> fill_values("{{ tags }}", {"tags": ["a", "b"]}, {})
    ['a', 'b']
    """
    if isinstance(value, tuple):
        return [text for each in value for text in fill_values(each, arguments, environ)]
    alone = _ALONE.fullmatch(value)
    content = arguments[alone[1]] if alone else fill(value, arguments, environ)
    every = content if isinstance(content, list) else [content]
    return [text for each in every if (text := _plain(each))]


def fill(text: str, arguments: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    """A header or a query with its values as they are; a filter makes nothing of one that was not given.

    >>> fill("{{ name | upper }}-{{ note | default('none') }}", {"name": None, "note": None}, {})
    '-none'
    """
    return _render(text, arguments, environ, lambda value: "" if value is None else _plain(value))


def fill_variables(text: str, environ: Mapping[str, str]) -> str:
    """``text`` with its variables alone."""
    return VARIABLE.sub(lambda found: environ.get(found[1]) or found[2] or "", text)


def fill_url(text: str, arguments: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    """A rendered URL with encoded values: none of them can add a path segment, a query or a host.

    Raises ToolError for values that leave a segment of the path empty, ``.`` or ``..``: ``/orders/`` is all
    orders, and no order. Only a slash that stands at the end of ``text`` itself stays there.

    >>> fill_url("https://a.example/{{ order }}", {"order": "7/../x?y"}, {})
    'https://a.example/7%2F..%2Fx%3Fy'
    """
    url = _render(text, arguments, environ, lambda value: quote(_plain(value), safe=""))
    path = [unquote(segment).strip() for segment in url.split("?", 1)[0].split("/")[3:]]
    if text.split("?", 1)[0].endswith("/"):
        path = path[:-1]
    if any(segment in ("", ".", "..") for segment in path):
        raise ToolError("An argument is empty or no name, and can't be looked up. Call again with another.")
    return url


def fill_all(value: Any, arguments: Mapping[str, Any], environ: Mapping[str, str]) -> Any:
    """A rendered body; ``{{ guests }}`` alone keeps the argument's type, and is null if it was not given."""
    if isinstance(value, str):
        alone = _ALONE.fullmatch(value)
        return arguments[alone[1]] if alone else fill(value, arguments, environ)
    if isinstance(value, Mapping):
        return {key: fill_all(inner, arguments, environ) for key, inner in value.items()}
    return [fill_all(inner, arguments, environ) for inner in value] if isinstance(value, list) else value


def _render(
    text: str, arguments: Mapping[str, Any], environ: Mapping[str, str], finalize: Callable[[Any], str]
) -> str:
    import jinja2

    from agentrun.spec.values.templates import environment

    template = environment().overlay(finalize=finalize).from_string(source(text))
    variables = {name: environ.get(name, "") for name, _ in VARIABLE.findall(text)}
    nothing = {
        name: jinja2.ChainableUndefined(name=name) for name, value in arguments.items() if value is None
    }
    try:
        return template.render({**arguments, **nothing, VARIABLES: variables})
    except jinja2.TemplateError as error:
        raise ToolError(f"These arguments can't be used: {error}") from None


def _plain(value: Any) -> str:
    import jinja2

    if callable(value) and not isinstance(value, jinja2.Undefined):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)
