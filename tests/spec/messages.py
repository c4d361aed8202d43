"""Every message that checking can print, read from the source.

That is what is assigned to ``message``, given to a call that makes a problem (by itself or by a name), or
yielded with a place and a hint.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2] / "agentrun"
PLACES = (
    *sorted((ROOT / "spec").rglob("*.py")),
    *sorted((ROOT / "providers").rglob("*.py")),
    *sorted((ROOT / "plugins").rglob("*.py")),
    *sorted((ROOT / "plan").rglob("*.py")),
)
MAKERS = {"problem": 1, "report": 2, "_error": 1, "_wrong": 0, "PydanticCustomError": 1, "_at": 3}
"""Calls that make a problem, and which of their arguments is its message."""


@functools.cache
def templates() -> tuple[tuple[str, str], ...]:
    """The file and the text of each message; what is filled in is ``{}``."""
    return tuple(_templates())


def _templates() -> Iterator[tuple[str, str]]:
    for path in PLACES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = _named(tree)
        for node in ast.walk(tree):
            for value in _messages(node):
                one = named.get(value.id, value) if isinstance(value, ast.Name) else value
                if (text := _text(one)) and " " in text:
                    yield str(path.relative_to(ROOT)), text


def _named(tree: ast.Module) -> dict[str, ast.expr]:
    """What is assigned to a single name anywhere in a file."""
    return {
        node.targets[0].id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
    }


def _messages(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.Assign) and any(
        isinstance(t, ast.Name) and t.id == "message" for t in node.targets
    ):
        yield node.value
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        at = MAKERS.get(name)
        if at is not None and len(node.args) > at:
            yield node.args[at]
    if isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple) and len(node.value.elts) == 3:
        yield node.value.elts[1]


def _text(value: ast.expr) -> str:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return re.sub(r"\{\w+\}", "{}", value.value)
    if isinstance(value, ast.JoinedStr):
        return "".join(str(p.value) if isinstance(p, ast.Constant) else "{}" for p in value.values)
    return ""


def pattern(template: str) -> re.Pattern[str]:
    """What the message looks like with anything filled in."""
    return re.compile(".+".join(map(re.escape, template.split("{}"))))
