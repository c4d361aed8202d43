"""The files of a plugin's own package, read when one of their functions is called."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path

from agentrun.plugins.blocking_calls import bindings
from agentrun.plugins.blocking_calls.scopes import Scope

MOST_MODULES = 60
"""Files of one package that are read for one function."""
MOST_CHARACTERS = 1_000_000
"""Of one file; a longer one was written by a program, and is left alone."""


@dataclass
class Module:
    """One file, and in ``beside`` those of its package that were looked at; None can't be read."""

    path: Path
    lines: list[str]
    beside: dict[Path, Module | None]
    scope: Scope = field(init=False)

    def look_up(self, module: str, level: int, name: str) -> tuple[Scope, str] | None:
        """Where ``from module import name`` leads: a scope, and the name there, or "" for the module itself.

        ``level`` is the number of dots before the ``module``. None where it leads out of the package.
        """
        if inner := self._scope_of(".".join(filter(None, (module, name))), level):
            return inner, ""
        there = self._scope_of(module, level)
        return (there, name) if there and there.binds(name) else None

    def is_own(self, module: str, level: int, name: str) -> bool:
        """Whether it is a file of the package that ``from module import name`` reads."""
        parts = module.split(".") if module else []
        return bool(self._path_of(parts, level) or self._path_of([*parts, name], level))

    def _scope_of(self, module: str, level: int) -> Scope | None:
        path = self._path_of(module.split(".") if module else [], level)
        if path is None:
            return None
        if path not in self.beside and len(self.beside) < MOST_MODULES:
            try:
                read(path, self.beside)
            except (OSError, ValueError, SyntaxError):
                self.beside[path] = None
        found = self.beside.get(path)
        return found.scope if found else None

    def _path_of(self, parts: list[str], level: int) -> Path | None:
        root = self._root()
        if root is None or (not level and parts[:1] != [root.name]):
            return None
        folder = self.path.parents[level - 1] if level else root.parent
        if level and root not in (folder, *folder.parents):
            return None
        place = folder.joinpath(*parts)
        files = [place / "__init__.py", *([place.parent / f"{place.name}.py"] if parts else [])]
        return next((file for file in files if file.is_file()), None)

    def _root(self) -> Path | None:
        """The outermost folder of the package; None where the file is a module by itself."""
        root = None
        for folder in self.path.parents:
            if not (folder / "__init__.py").is_file():
                break
            root = folder
        return root


def read(path: Path, beside: dict[Path, Module | None] | None = None) -> tuple[Module, ast.Module]:
    """The module at ``path`` and its syntax; raises OSError, ValueError or SyntaxError."""
    source = path.read_text(encoding="utf-8")
    if len(source) > MOST_CHARACTERS:
        raise ValueError(f"{path} has more than {MOST_CHARACTERS} characters")
    module, tree = Module(path, source.splitlines(), {} if beside is None else beside), ast.parse(source)
    # before its names are read: it may import a module that imports it
    module.beside[path] = module
    bindings.of(tree, module=module)
    return module, tree
