"""The names that a module and its functions bind, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from agentrun.plugins.blocking_calls.scopes import Class, Function, Scope

if TYPE_CHECKING:
    from agentrun.plugins.blocking_calls.modules import Module

_METHODS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def of(node: ast.Module | Function, outer: Scope | None = None, module: Module | None = None) -> Scope:
    """The names that ``node`` binds; the scope of a ``module`` is its own from the beginning."""
    scope = Scope(outer, module)
    if module:
        module.scope = scope
    if not isinstance(node, ast.Module):
        every = node.args
        arguments = [*every.posonlyargs, *every.args, *every.kwonlyargs, every.vararg, every.kwarg]
        scope.unknown |= {argument.arg for argument in arguments if argument}
        _bind_instance(scope, node)
    shared = (each for each in own(node) if isinstance(each, ast.Global | ast.Nonlocal))
    outside = {name for each in shared for name in each.names}
    for each in own(node):
        _read(scope, each, outside)
    return scope


def _bind_instance(scope: Scope, method: Function) -> None:
    """Let the first parameter of a method stand for what its class makes."""
    owner = scope.owner_of(method)
    first = [*method.args.posonlyargs, *method.args.args][:1]
    static = any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in method.decorator_list)
    if owner and first and not static:
        scope.unknown.discard(first[0].arg)
        scope.objects[first[0].arg] = owner


def _class(node: ast.ClassDef, scope: Scope) -> Class:
    """A class: what its body and its methods set on what it makes is known where it is set in one way."""
    made = Class(scope)
    scope.classes[node.name] = made
    made.methods.update({each.name: each for each in node.body if isinstance(each, _METHODS)})
    for each in node.body:
        if isinstance(each, ast.Assign):
            for target in each.targets:
                if isinstance(target, ast.Name):
                    _set(made, target.id, scope.name_of(each.value))
    for method in made.methods.values():
        inner = of(method, scope)
        for stored in own(method):
            if not isinstance(stored, ast.Assign | ast.AnnAssign) or stored.value is None:
                continue
            for target in stored.targets if isinstance(stored, ast.Assign) else [stored.target]:
                if isinstance(target, ast.Attribute) and inner.class_of(target.value) is made:
                    _set(made, target.attr, inner.name_of(stored.value))
    return made


def _set(made: Class, name: str, dotted: str) -> None:
    known_so_far = made.attributes.get(name, dotted)
    made.attributes[name] = dotted if dotted == known_so_far else ""


def own(node: ast.AST) -> Iterator[ast.AST]:
    """What stands in ``node`` itself, and not in a function or class that it defines, in the file's order."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, _SCOPES):
            yield from own(child)


def _read(scope: Scope, node: ast.AST, outside: set[str]) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            scope.bind(alias.asname or alias.name.partition(".")[0], _imported(alias))
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            source, name = (node.module or "", node.level, alias.name), alias.asname or alias.name
            if scope.file and scope.file.is_own(*source):
                scope.bind_own(name, source)
            else:
                scope.bind(name, f"{node.module}.{alias.name}" if node.module and not node.level else "")
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        if node.name in scope.dotted or node.name in scope.functions or node.name in scope.own:
            scope.unknown.add(node.name)
        scope.functions[node.name] = node
    elif isinstance(node, ast.ClassDef):
        if any(node.name in names for names in (scope.dotted, scope.own, scope.functions, scope.classes)):
            scope.unknown.add(node.name)
        else:
            _class(node, scope)
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        scope.unknown.add(node.name or "")
    else:
        _assigned(scope, node, outside)


def _imported(alias: ast.alias) -> str:
    return alias.name if alias.asname else alias.name.partition(".")[0]


def _assigned(scope: Scope, node: ast.AST, outside: set[str]) -> None:
    """A value that is known gives its target a meaning; any other store takes it."""
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if isinstance(target, ast.Name) and target.id not in outside and not _is_none(node.value):
                made = scope.class_of(node.value) if target.id not in scope.unknown else None
                if made and target.id not in scope.dotted and target.id not in scope.objects:
                    scope.objects[target.id] = made
                else:
                    scope.bind(target.id, scope.name_of(node.value))
    elif isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
        scope.bind(node.optional_vars.id, scope.name_of(node.context_expr))
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension | ast.AugAssign):
        names = (each for each in ast.walk(node.target) if isinstance(each, ast.Name))
        scope.unknown |= {name.id for name in names}
    elif isinstance(node, ast.Tuple | ast.List) and isinstance(node.ctx, ast.Store):
        scope.unknown |= {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None
