"""Names that a template prints without testing whether they exist."""

from __future__ import annotations

from collections.abc import Iterator

import jinja2
from jinja2 import nodes

from agentrun.spec.values import templates
from agentrun.spec.values.template_names import BODY


def bare_names(text: str) -> Iterator[str]:
    """Names that are written out as they are, outside of any condition: variables, and ``call.body.x``."""
    try:
        tree = templates.environment().parse(text)
    except (jinja2.TemplateSyntaxError, RecursionError, ValueError):
        return
    tests: list[nodes.Node] = [one.test for one in tree.find_all(nodes.If)]
    tests += [one.test for one in tree.find_all(nodes.CondExpr)]
    guarded = {name for test in tests for name in _named(test)}
    for output in tree.find_all(nodes.Output):
        for node in output.nodes:
            name = _name(node)
            if name and name not in guarded:
                yield name


def _named(node: nodes.Node) -> Iterator[str]:
    parts = [node, *node.find_all((nodes.Getattr, nodes.Getitem, nodes.Name))]
    return (name for one in parts if (name := _name(one)))


def _name(node: nodes.Node) -> str:
    """``call.body.x``, or the variable that ``node`` is, or is a part of."""
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Getattr):
        body = node.node
        if body.attr == "body" and isinstance(body.node, nodes.Name) and body.node.name == "call":
            return f"{BODY}{node.attr}"
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        node = node.node
    return node.name if isinstance(node, nodes.Name) else ""
