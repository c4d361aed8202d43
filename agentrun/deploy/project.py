"""The files that agents consist of: specs and what they read, plugins, documents."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentrun.errors import SetupError
from agentrun.plan.plan import Plan
from agentrun.plugins.find import FOLDER
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.spec.values.project_paths import inside

MOST_FILES = 2_000
MOST_BYTES = 64 * 1024 * 1024
_NO_PLUGINS = ("__pycache__", "node_modules", "tests", "conftest.py")


@dataclass(frozen=True)
class Project:
    """``files`` by their path below the project's folder, which they keep; ``specs`` are those to serve."""

    root: Path
    files: dict[str, bytes]
    specs: tuple[str, ...]

    @property
    def top(self) -> list[str]:
        """The folders and files that lie in the project's own folder, by name."""
        return sorted({name.partition("/")[0] for name in self.files})


def collect(plans: Sequence[Plan]) -> Project:
    """The files of ``plans`` and of the agents that they hand over to, byte for byte.

    Raises SetupError for specs of different projects, for a link that gives its agent another name, for a
    file outside the project, and for more than 2,000 files or 64 MiB.
    """
    for path in (plan.file.path for plan in plans if ("name",) not in plan.file.places):
        if path.resolve().stem != path.stem:
            words = (
                f"{path} is a link to {path.resolve()}, and is called by the name of that where it is copied"
            )
            raise SetupError(words, f"write its name into it, or say {path.resolve()}")
    roots = sorted({plan.file.project.resolve() for plan in plans})
    if len(roots) != 1:
        both = " and ".join(map(str, roots[:2]))
        raise SetupError(f"these specs belong to different projects: {both}", "take those of one project")
    root, files, size = roots[0], dict[str, bytes](), 0
    for path in _paths(plans, root):
        name = _name(path, root)
        if name in files:
            continue
        size += path.stat().st_size
        if len(files) == MOST_FILES or size > MOST_BYTES:
            most = f"{MOST_FILES} files or {MOST_BYTES // 1024 // 1024} MiB"
            raise SetupError(
                f"the project in {root} has more than {most}", f"move what agents don't need out of {FOLDER}/"
            )
        files[name] = path.read_bytes()
    specs = tuple(_name(plan.file.path.resolve(), root) for plan in plans)
    return Project(root, dict(sorted(files.items())), specs)


def _paths(plans: Sequence[Plan], root: Path) -> Iterator[Path]:
    files = {one.file.path: one.file for plan in plans for one in plan.everyone}
    for file in files.values():
        yield from sorted({file.path.resolve(), *(path.resolve() for path in file.sources)})
        yield from documents(file)
    yield from plugin_files(root)


def documents(file: SpecFile) -> Iterable[Path]:
    """What is in the folder that the agent looks things up in."""
    folder = _document_folder(file)
    return _below(folder) if folder else ()


def plugin_files(root: Path) -> Iterable[Path]:
    """What is in the folder of plugins of the project at ``root``, without their tests."""
    return _below(root / FOLDER, _NO_PLUGINS)


def require_outside(plans: Sequence[Plan], folder: Path) -> None:
    """Raise SetupError for a ``folder`` that would be copied into itself, for it is in one that is copied."""
    for plan in plans:
        for whole in (plan.file.project.resolve() / FOLDER, _document_folder(plan.file)):
            if whole and folder.resolve().is_relative_to(whole):
                words = f"{folder} is in {whole}, which is copied as a whole"
                raise SetupError(words, "choose a folder beside the project's own files")


def _document_folder(file: SpecFile) -> Path | None:
    knowledge = file.spec.knowledge
    return file.path.parent.resolve() / knowledge.folder if knowledge else None


def _below(folder: Path, but: Collection[str] = ()) -> Iterator[Path]:
    """Files of ``folder`` without what is hidden or in ``but``; a link is followed to a file alone."""
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_left_out(name, but))
        for name in sorted(names):
            path = Path(at, name)
            if not _is_left_out(name, but) and path.is_file():
                yield path


def _is_left_out(name: str, but: Collection[str]) -> bool:
    return name.startswith(".") or name in but or bool(but and name.startswith("test_"))


def _name(path: Path, root: Path) -> str:
    if not path.is_relative_to(root) or inside(root, str(path.relative_to(root)), root) is None:
        raise SetupError(f"{path} is not in the project's folder {root}", "copy it there")
    return path.relative_to(root).as_posix()
