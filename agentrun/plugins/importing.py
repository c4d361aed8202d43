"""Imports one plugin, by path or as an installed package."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import traceback
import uuid
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

from agentrun.errors import PluginError
from agentrun.plugins.find import Source
from agentrun.tools.author_errors import AuthoredError, authored


def import_plugin(source: Source) -> ModuleType:
    """Import a plugin; raises PluginError with file and line, whatever the plugin raises.

    ``sys.path`` stays as it is: a package imports its own modules relatively, and a file that needs a second
    file must become a package.
    """
    try:
        # a program that reads what a command prints is given nothing that a plugin prints beside it
        with authored(), contextlib.redirect_stdout(sys.stderr):
            if isinstance(source.place, EntryPoint):
                module: ModuleType = source.place.load()
                return module
            return _import_file(source.name, source.place)
    except AuthoredError as error:
        raise _problem(source, error.error) from error.error


def _import_file(name: str, path: Path) -> ModuleType:
    # Unlike any other module, so that two projects may each have a plugin of this name in one process.
    full_name = f"agentrun_plugin_{name}_{uuid.uuid4().hex[:8]}"
    folders = [str(path.parent)] if path.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(full_name, path, submodule_search_locations=folders)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    # Before executing: dataclasses and type hints look their own module up there.
    sys.modules[full_name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        for loaded in [n for n in sys.modules if n == full_name or n.startswith(f"{full_name}.")]:
            del sys.modules[loaded]
        raise
    return module


def _problem(source: Source, error: BaseException) -> PluginError:
    kind = type(error).__name__
    message = f"{_innermost(source, error)}: {kind} at import: {_text(error)}"
    if isinstance(error, ModuleNotFoundError) and error.name == "pipecat_flows":
        hint = (
            "write `from agentrun import Call, NO_RESPONSE, hookimpl`: Pipecat's flows are part of agentrun"
        )
    elif isinstance(error, ModuleNotFoundError) and error.name:
        hint = (
            f"install what brings '{error.name}', and name it in plugins/requirements.txt for other "
            "machines; to import a file beside the plugin, make it a package"
        )
    elif isinstance(error, SystemExit):
        hint = "a plugin must not exit; raise an exception that says what is missing"
    else:
        hint = "mend the plugin; its file must import by itself"
    return PluginError(source.name, source.where, message, hint)


def _text(error: BaseException) -> str:
    return error.msg if isinstance(error, SyntaxError) else str(error) or "no message"


def _innermost(source: Source, error: BaseException) -> str:
    """File and line of the last frame that is the plugin's own."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = list(traceback.extract_tb(error.__traceback__))
    if isinstance(source.place, Path):
        package = source.place.name == "__init__.py"
        root = str(source.place.parent) + "/" if package else str(source.place)
        frames = [frame for frame in frames if frame.filename.startswith(root)] or frames
    else:
        frames = [frame for frame in frames if not frame.filename.startswith("<frozen")] or frames
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else source.where
