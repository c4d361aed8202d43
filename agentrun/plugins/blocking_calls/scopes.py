"""What the names in a module and its functions refer to."""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agentrun.plugins.blocking_calls import known

if TYPE_CHECKING:
    from agentrun.plugins.blocking_calls.modules import Module

Function = ast.FunctionDef | ast.AsyncFunctionDef


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

    ``dotted`` are those that stand for something imported, ``own`` those imported from the plugin's own
    package, ``functions`` those defined there. A name that is bound otherwise, or in two ways, stands for
    nothing that is known.
    """

    outer: Scope | None = None
    module: Module | None = None
    """The file, in the scope of a module itself."""
    own: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    """What is imported, and whence: the module, the dots before it, and the name there."""
    dotted: dict[str, str] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    classes: dict[str, Class] = field(default_factory=dict)
    objects: dict[str, Class] = field(default_factory=dict)
    """Names of what the classes of the file make; ``self`` in a method is one."""

    def name_of(self, expression: ast.expr) -> str:
        """What ``expression`` stands for, such as ``urllib.request.urlopen``; empty where it isn't known."""
        if found := self._elsewhere(expression):
            return found[0].name_of(found[1])
        if isinstance(expression, ast.Name):
            scope = self._where(expression.id)
            return scope.dotted.get(expression.id, "") if scope else ""
        if isinstance(expression, ast.Attribute):
            if owner := self.class_of(expression.value):
                return owner.attributes.get(expression.attr, "")
            base = self.name_of(expression.value)
            return f"{base}.{expression.attr}" if base else ""
        if isinstance(expression, ast.Call):
            made = self.name_of(expression.func)
            return f"{made}()" if known.is_class(made) else ""
        return ""

    def function_of(self, expression: ast.expr) -> tuple[Function, Scope] | None:
        """The function of the package that ``expression`` names, and the scope where it stands."""
        if found := self._elsewhere(expression):
            return found[0].function_of(found[1])
        if isinstance(expression, ast.Attribute) and (made := self.class_of(expression.value)):
            method = made.methods.get(expression.attr)
            return (method, made.scope) if method else None
        scope = self._where(expression.id) if isinstance(expression, ast.Name) else None
        function = scope.functions.get(expression.id) if scope and isinstance(expression, ast.Name) else None
        return (function, scope) if function and scope else None

    def binds(self, name: str) -> bool:
        """Whether ``name`` is bound here."""
        return any(name in names for names in (self.unknown, *self._known()))

    @property
    def file(self) -> Module | None:
        """The file in which this is."""
        return self.outer.file if self.outer else self.module

    def owner_of(self, function: Function) -> Class | None:
        """The class of this file whose method ``function`` is."""
        scope: Scope | None = self
        while scope is not None:
            for each in scope.classes.values():
                if function in each.methods.values():
                    return each
            scope = scope.outer
        return None

    def class_of(self, expression: ast.expr) -> Class | None:
        """The class of the package that made what ``expression`` stands for."""
        if isinstance(expression, ast.Call):
            return self._class_named(expression.func)
        if found := self._elsewhere(expression):
            return found[0].class_of(found[1])
        scope = self._where(expression.id) if isinstance(expression, ast.Name) else None
        return scope.objects.get(expression.id) if scope and isinstance(expression, ast.Name) else None

    def _class_named(self, expression: ast.expr) -> Class | None:
        if found := self._elsewhere(expression):
            return found[0]._class_named(found[1])
        scope = self._where(expression.id) if isinstance(expression, ast.Name) else None
        return scope.classes.get(expression.id) if scope and isinstance(expression, ast.Name) else None

    def _elsewhere(self, expression: ast.expr) -> tuple[Scope, ast.Name] | None:
        """The name in another file of the package that ``expression`` stands for."""
        if isinstance(expression, ast.Name):
            found = self._imported(expression.id)
            return (found[0], ast.Name(found[1])) if found and found[1] else None
        if isinstance(expression, ast.Attribute) and isinstance(expression.value, ast.Name):
            found = self._imported(expression.value.id)
            return (found[0], ast.Name(expression.attr)) if found and not found[1] else None
        return None

    def _imported(self, name: str) -> tuple[Scope, str] | None:
        scope = self._where(name)
        source = scope.own.get(name) if scope else None
        return self.file.look_up(*source) if source and self.file else None

    def _where(self, name: str) -> Scope | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.unknown:
                return None
            if any(name in names for names in scope._known()):
                return scope
            scope = scope.outer
        return None

    def _known(self) -> tuple[Collection[str], ...]:
        return (self.dotted, self.own, self.functions, self.classes, self.objects)

    def bind(self, name: str, dotted: str) -> None:
        if (
            name in self.functions
            or name in self.objects
            or name in self.own
            or self.dotted.get(name, dotted) != dotted
            or not dotted
        ):
            self.unknown.add(name)
        else:
            self.dotted[name] = dotted

    def bind_own(self, name: str, source: tuple[str, int, str]) -> None:
        if any(name in names for names in self._known()) and self.own.get(name) != source:
            self.unknown.add(name)
        else:
            self.own[name] = source
