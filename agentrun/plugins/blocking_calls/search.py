"""Searches an ``async def`` function, and the functions of its package that it calls."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentrun.plugins.blocking_calls import bindings, known, modules
from agentrun.plugins.blocking_calls.scopes import Function, Scope

_ALLOWED = re.compile(r"#\s*noqa\b(?!:)|#\s*noqa:.*\bASYNC")
"""What keeps linters from naming a line keeps this from naming it."""


@dataclass(frozen=True)
class BlockingCall:
    """A call of ``name`` at a place of ``path``; ``instead`` is a client for the event loop, or empty.

    ``helper`` is the function that holds it where that isn't the one that was searched. Lines and columns
    count from 1.
    """

    path: str
    line: int
    column: int
    name: str
    instead: str
    helper: str = ""


def search(function: Callable[..., Any]) -> tuple[BlockingCall, ...]:
    """The calls in ``function`` that are known to block the event loop; none of a plain ``def``.

    The source is read and nothing is run. A function without a source that can be read has none.
    """
    function = inspect.unwrap(function)
    code = getattr(function, "__code__", None)
    if code is None or not inspect.iscoroutinefunction(function):
        return ()
    try:
        module, tree = modules.read(Path(code.co_filename))
        place = _find(tree, code.co_name, code.co_firstlineno, module.scope)
        calls = list(_Search().of(*place)) if place else []
    except (OSError, ValueError, SyntaxError, RecursionError):
        return ()
    own = str(module.path)
    return tuple(sorted(calls, key=lambda call: (call.path != own, call.path, call.line, call.column)))


def _find(node: ast.AST, name: str, line: int, scope: Scope) -> tuple[Function, Scope] | None:
    for child in ast.iter_child_nodes(node):
        inner = scope
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
            if child.name == name and first == line:
                return child, scope
            inner = bindings.of(child, scope)
        if place := _find(child, name, line, inner):
            return place
    return None


@dataclass
class _Search:
    seen: list[Function] = field(default_factory=list)

    def of(self, function: Function, outer: Scope, helper: str = "") -> Iterator[BlockingCall]:
        """The calls of one function, and of those that it calls; each function is read once."""
        if function in self.seen:
            return
        self.seen.append(function)
        scope = bindings.of(function, outer)
        body = [node for statement in function.body for node in bindings.own(ast.Module([statement], []))]
        awaited = {id(node.value) for node in body if isinstance(node, ast.Await)}
        for node in body:
            if isinstance(node, ast.Call):
                yield from self._call(node, scope, helper, awaited=id(node) in awaited)

    def _call(self, node: ast.Call, scope: Scope, helper: str, *, awaited: bool) -> Iterator[BlockingCall]:
        name = scope.name_of(node.func)
        instead = known.instead_of(name) if name and not awaited else None
        file = scope.file
        if instead is not None and file and not _ALLOWED.search(file.lines[node.lineno - 1]):
            yield BlockingCall(str(file.path), node.lineno, node.col_offset + 1, name, instead, helper)
        elif callee := scope.function_of(node.func):
            function, outer = callee
            # what is awaited and not async was made so by its decorator
            if not awaited or isinstance(function, ast.AsyncFunctionDef):
                yield from self.of(function, outer, function.name)
