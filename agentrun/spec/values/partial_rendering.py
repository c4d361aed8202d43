"""Renders a prompt as far as its values allow, so that a caller's input can't make a call fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.sandbox import SandboxedEnvironment

from agentrun.spec.values import templates


class _Nothing(jinja2.ChainableUndefined):
    """What has no value, whatever is asked of it."""

    def __call__(self, *_arguments: Any, **_options: Any) -> Any:
        return self


def render(text: str, names: Mapping[str, Any]) -> tuple[str, str]:
    """``text`` with its ``names`` filled in, and why it isn't whole: nothing where it is.

    What has no value is empty, and a piece that fails all the same is left out.

    >>> render("Hello {{ name.split()[0] }}.", {"name": ""})
    ('Hello .', 'UndefinedError')
    >>> render("Half of it is {{ number / 2 }}, dear {{ name }}.", {"number": "x", "name": "Ada"})
    ('Half of it is , dear Ada.', 'TypeError')
    """
    try:
        return templates.compiled(text).render(names), ""
    except Exception as error:  # noqa: BLE001 - a template raises whatever its values do
        return _pieces(text, names), type(error).__name__


def _pieces(text: str, names: Mapping[str, Any]) -> str:
    """Each piece of ``text`` by itself, with what the template sets before it."""
    jinja = templates.environment()
    jinja.undefined = _Nothing
    try:
        body = jinja.parse(text).body
    except (jinja2.TemplateError, RecursionError, ValueError):
        return text
    written, settings = "", list[nodes.Node]()
    for node in body:
        if isinstance(node, nodes.Output):
            single = [nodes.Output([part], lineno=node.lineno) for part in node.nodes]
            written += "".join(_piece(jinja, [*settings, one], names) or "" for one in single)
            continue
        piece = _piece(jinja, [*settings, node], names)
        written += piece or ""
        if piece is not None and isinstance(node, nodes.Assign | nodes.AssignBlock | nodes.Macro):
            settings.append(node)
    return written


def _piece(jinja: SandboxedEnvironment, body: list[nodes.Node], names: Mapping[str, Any]) -> str | None:
    """None where it fails."""
    tree = nodes.Template(body, lineno=1)
    tree.set_environment(jinja)
    try:
        return jinja.from_string(tree).render(names)
    except Exception:  # noqa: BLE001 - it is left out, as the first failure has said
        return None
