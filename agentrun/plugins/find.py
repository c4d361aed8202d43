"""Where plugins come from: the project's ``plugins`` folder, and installed packages."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from agentrun.errors import PluginError

GROUP = "agentrun"
"""The group of entry points in which an installed package names its plugin."""
FOLDER = "plugins"


@dataclass(frozen=True)
class Source:
    """A plugin that was found and not imported yet."""

    name: str
    place: Path | EntryPoint

    @property
    def where(self) -> str:
        """Its file, or the distribution that brings it."""
        if isinstance(self.place, EntryPoint):
            brought_by = self.place.dist.name if self.place.dist else self.place.value
            return f"installed package {brought_by}"
        return str(self.place)


def find(project: Path) -> Mapping[str, list[Source]]:
    """Every plugin by name; two sources under one name are both there, for the error that names both."""
    found: dict[str, list[Source]] = {}
    for path in sorted((project / FOLDER).glob("*")):
        if path.suffix == ".py" and path.stem.isidentifier() and not path.stem.startswith("_"):
            found.setdefault(path.stem, []).append(Source(path.stem, path))
        elif (path / "__init__.py").is_file():
            found.setdefault(path.name, []).append(Source(path.name, path / "__init__.py"))
    for entry in entry_points(group=GROUP):
        found.setdefault(entry.name, []).append(Source(entry.name, entry))
    return found


def load(source: Source) -> ModuleType:
    """Import a plugin; raises PluginError when it can't be imported, whatever it raises."""
    try:
        if isinstance(source.place, EntryPoint):
            module: ModuleType = source.place.load()
            return module
        return _load_file(source.name, source.place)
    except (Exception, SystemExit) as error:
        place = _innermost(error, source)
        message = f"{type(error).__name__} at import, {place}: {error}"
        raise PluginError(
            source.name, source.where, message, "mend the plugin; it must import by itself"
        ) from None


def _load_file(name: str, path: Path) -> ModuleType:
    """Import by path, without touching ``sys.path``; a module of the same name elsewhere is not meant."""
    package = path.name == "__init__.py"
    full_name = f"agentrun_plugin_{name}"
    places = [str(path.parent)] if package else None
    spec = importlib.util.spec_from_file_location(full_name, path, submodule_search_locations=places)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    for loaded in [n for n in sys.modules if n == full_name or n.startswith(f"{full_name}.")]:
        del sys.modules[loaded]
    sys.modules[full_name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(full_name, None)
        raise
    return module


def _innermost(error: BaseException, source: Source) -> str:
    """File and line of the innermost frame inside the plugin."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name}:{error.lineno}"
    folder = str(source.place.parent) if isinstance(source.place, Path) else ""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if folder and f.filename.startswith(folder)] or frames
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else source.where
