"""Arguments in canonical form, for comparing calls: ``2``, ``"2"`` and ``2.0`` are the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from agentrun.errors import ToolError
from agentrun.tools.tool import Tool

MOST_DEPTH = 32
"""Of lists and objects within each other."""


def clean(value: Any, depth: int = 0) -> Any:
    """``value`` with half surrogates replaced, which can't be sent, written down or compared.

    Raises ToolError for what is nested more deeply than ``MOST_DEPTH``.

    >>> clean({"name": "A\\ud83d"})
    {'name': 'A?'}
    """
    if depth > MOST_DEPTH:
        raise ToolError("The arguments are nested too deeply. Call again with simpler ones.")
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {clean(str(key)): clean(inner, depth + 1) for key, inner in value.items()}
    return [clean(item, depth + 1) for item in value] if isinstance(value, list | tuple) else value


def canonical(tool: Tool, arguments: Mapping[str, Any]) -> bytes:
    """Bytes that are equal for arguments that mean the same to ``tool``.

    They are as its check has read them, or as its schema types them where the check is another server's; what
    was left out has its default. Raises ToolError where the check does.
    """
    checked = tool.check(arguments) if tool.check else _typed(arguments, tool.parameters)
    values = checked if isinstance(checked, Mapping) else arguments
    properties = tool.parameters.get("properties", {})
    defaults = {name: shape["default"] for name, shape in properties.items() if _has_default(shape)}
    overrides = {name: value for name, value in values.items() if value is not None or name in defaults}
    return to_json(_sorted({**defaults, **overrides}), serialize_unknown=True)


def _has_default(shape: object) -> bool:
    return isinstance(shape, Mapping) and "default" in shape


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _sorted(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return [_sorted(item) for item in value] if isinstance(value, list | tuple) else value


def _typed(value: Any, schema: object) -> Any:
    """``value`` as ``schema`` types it, as far as it says one type; the rest stays as it is."""
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    if not isinstance(schema, Mapping) or isinstance(kind, list):
        return value
    if isinstance(value, Mapping):
        inner = schema.get("properties") or {}
        return {key: _typed(one, inner.get(key)) for key, one in value.items()}
    if isinstance(value, list):
        return [_typed(one, schema.get("items")) for one in value]
    if kind in ("integer", "number") and isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    if kind == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(_sorted(value))
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    return value
