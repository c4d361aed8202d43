"""Turns ``knowledge:`` into a tool, or reports what is wrong with its folder."""

from __future__ import annotations

import importlib.util
import os

from agentrun.distribution import install_extra
from agentrun.errors import Problem
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.spec.models.tools.knowledge import Knowledge
from agentrun.spec.values import project_paths
from agentrun.tools.build import build
from agentrun.tools.knowledge import documents, search
from agentrun.tools.tool import Tool


def add(file: SpecFile, knowledge: Knowledge, chosen: dict[str, Tool], problems: list[Problem]) -> None:
    """Add ``search_knowledge`` for the spec's ``knowledge`` to ``chosen``, or a problem to ``problems``."""
    tool = build(search.make(file.path.absolute().parent, file.spec.name, knowledge), "agentrun")
    if tool.name in chosen:
        message = f"`knowledge:` brings a tool '{tool.name}', and {chosen[tool.name].origin} is one too"
        problems.append(file.problem(("knowledge",), message, "rename the other one"))
    wrong = _wrong(file, knowledge.folder)
    if wrong:
        problems.append(file.problem(("knowledge", "folder"), *wrong))
    chosen.setdefault(tool.name, tool)


def _wrong(file: SpecFile, name: str) -> tuple[str, str] | None:
    folder = project_paths.inside(file.path.parent, name, file.project)
    if folder is None:
        return f"'{name}' leads out of the project's folder '{file.project.name}'", "move it inside"
    if not os.path.isdir(folder):  # noqa: PTH112 - Path.is_dir raises for a name that is too long
        return f"there is no folder '{name}'", f"make it in '{file.path.parent}', or name another folder"
    paths = documents.files(folder)
    if not paths:
        return f"'{name}' holds no documents", f"these are read: {', '.join(documents.KINDS)}"
    if any(path.suffix.lower() == ".pdf" for path in paths) and not importlib.util.find_spec("pypdf"):
        return f"'{name}' holds PDF files, and pypdf is not installed", install_extra("pdf")
    return None
