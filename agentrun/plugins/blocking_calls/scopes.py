"""What the names of a module and of its functions stand for, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from agentrun.plugins.blocking_calls import known

Function = ast.FunctionDef | ast.AsyncFunctionDef
_METHODS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@dataclass
class Class:
    """A class of the file: its ``methods``, and the ``attributes`` that stand for something known.

    An attribute that is set in two ways stands for nothing that is known.
    """

    scope: Scope
    methods: dict[str, Function] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass
class Scope:
    """The names that a module or a function binds; those of ``outer`` are seen where it binds none.

    ``dotted`` are those that stand for something imported, ``functions`` those defined there. A name that is
    bound otherwise, or in two ways, stands for nothing that is known.
    """

    outer: Scope | None = None
    dotted: dict[str, str] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    classes: dict[str, Class] = field(default_factory=dict)
    objects: dict[str, Class] = field(default_factory=dict)
    """Names of what the classes of the file make; ``self`` in a method is one."""

    def name_of(self, expression: ast.expr) -> str:
        """What ``expression`` stands for, such as ``urllib.request.urlopen``; empty where it isn't known."""
        if isinstance(expression, ast.Name):
            scope = self._where(expression.id)
            return scope.dotted.get(expression.id, "") if scope else ""
        if isinstance(expression, ast.Attribute):
            if owner := self._class_of(expression.value):
                return owner.attributes.get(expression.attr, "")
            base = self.name_of(expression.value)
            return f"{base}.{expression.attr}" if base else ""
        if isinstance(expression, ast.Call):
            made = self.name_of(expression.func)
            return f"{made}()" if known.is_class(made) else ""
        return ""

    def function_of(self, expression: ast.expr) -> tuple[Function, Scope] | None:
        """The function of this file that ``expression`` names, and the scope where it stands."""
        if isinstance(expression, ast.Attribute) and (made := self._class_of(expression.value)):
            method = made.methods.get(expression.attr)
            return (method, made.scope) if method else None
        scope = self._where(expression.id) if isinstance(expression, ast.Name) else None
        function = scope.functions.get(expression.id) if scope and isinstance(expression, ast.Name) else None
        return (function, scope) if function and scope else None

    def owner_of(self, function: Function) -> Class | None:
        """The class of this file whose method ``function`` is."""
        scope: Scope | None = self
        while scope is not None:
            for each in scope.classes.values():
                if function in each.methods.values():
                    return each
            scope = scope.outer
        return None

    def _class_of(self, expression: ast.expr) -> Class | None:
        """The class of this file that made what ``expression`` stands for."""
        if isinstance(expression, ast.Call) and isinstance(expression.func, ast.Name):
            scope = self._where(expression.func.id)
            return scope.classes.get(expression.func.id) if scope else None
        scope = self._where(expression.id) if isinstance(expression, ast.Name) else None
        return scope.objects.get(expression.id) if scope and isinstance(expression, ast.Name) else None

    def _where(self, name: str) -> Scope | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.unknown:
                return None
            if any(name in names for names in (scope.dotted, scope.functions, scope.classes, scope.objects)):
                return scope
            scope = scope.outer
        return None

    def _bind(self, name: str, dotted: str) -> None:
        if (
            name in self.functions
            or name in self.objects
            or self.dotted.get(name, dotted) != dotted
            or not dotted
        ):
            self.unknown.add(name)
        else:
            self.dotted[name] = dotted


def of(node: ast.Module | Function, outer: Scope | None = None) -> Scope:
    """The names that ``node`` binds."""
    scope = Scope(outer)
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
                if isinstance(target, ast.Attribute) and inner._class_of(target.value) is made:
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
            scope._bind(alias.asname or alias.name.partition(".")[0], _imported(alias))
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            whole = f"{node.module}.{alias.name}" if node.module and not node.level else ""
            scope._bind(alias.asname or alias.name, whole)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        if node.name in scope.dotted or node.name in scope.functions:
            scope.unknown.add(node.name)
        scope.functions[node.name] = node
    elif isinstance(node, ast.ClassDef):
        if node.name in scope.dotted or node.name in scope.functions or node.name in scope.classes:
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
                made = scope._class_of(node.value) if target.id not in scope.unknown else None
                if made and target.id not in scope.dotted and target.id not in scope.objects:
                    scope.objects[target.id] = made
                else:
                    scope._bind(target.id, scope.name_of(node.value))
    elif isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
        scope._bind(node.optional_vars.id, scope.name_of(node.context_expr))
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension | ast.AugAssign):
        names = (each for each in ast.walk(node.target) if isinstance(each, ast.Name))
        scope.unknown |= {name.id for name in names}
    elif isinstance(node, ast.Tuple | ast.List) and isinstance(node.ctx, ast.Store):
        scope.unknown |= {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None
