"""``--watch``: edited specs, prompts and plugins apply from the next call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from pathlib import Path

from loguru import logger

from agentrun.errors import AgentRunError, Problem, SpecError
from agentrun.plan import examination
from agentrun.plan.plan import Plan
from agentrun.plugins.find import FOLDER
from agentrun.spec.loading.spec_file import SpecFile

Stamp = dict[Path, tuple[int, int]]
"""When each file was changed, in nanoseconds, and how many bytes it has."""

LOOK_MS = 1000
"""How long to wait for word of a change before looking: mounted folders send none."""


class Reloader:
    """Keeps the agents of a server as their files are; a call that is up keeps what it began with.

    ``stamps`` are those of the time at which ``files`` were read. ``load`` and ``make`` are what the server
    starts with, ``put`` takes a new plan into use. ``refused`` has, by an agent's name, why its files as they
    are now are not taken into use; it is kept here, and others read it.
    """

    def __init__(
        self,
        files: Sequence[SpecFile],
        stamps: Mapping[Path, Stamp],
        load: Callable[[Path], SpecFile],
        make: Callable[[SpecFile], Plan],
        put: Callable[[Plan], Awaitable[None]],
        refused: MutableMapping[str, Sequence[Problem]],
    ) -> None:
        self._files = {file.path: file for file in files}
        self._stamps = dict(stamps)
        self._refused = refused
        self._load = load
        self._make = make
        self._put = put

    async def watch(self) -> None:
        """Follow the folders of the files until cancelled."""
        from watchfiles import awatch

        while True:
            folders = self._folders()
            changes = awatch(*sorted(folders), recursive=False, rust_timeout=LOOK_MS, yield_on_timeout=True)
            async for _ in changes:
                await self.look()
                if self._folders() != folders:
                    break

    async def look(self) -> None:
        """Load what has changed since the last time, and what could not be loaded then."""
        for path, file in list(self._files.items()):
            stamp = stamp_of(file)
            if stamp != self._stamps[path] or file.spec.name in self._refused:
                self._stamps[path] = stamp
                await self._reload(file)

    async def _reload(self, old: SpecFile) -> None:
        name, path = old.spec.name, old.path
        try:
            new, plan = await asyncio.to_thread(self._made_anew, old)
            await self._put(plan)
        except Exception as error:  # noqa: BLE001 - the other agents' edits are to be seen too
            self._refuse(name, error)
            return
        self._refused.pop(name, None)
        self._files[path] = new
        self._stamps[path] = stamp_of(new)
        logger.warning("{} was changed; its next call has the new version", name)

    def _refuse(self, name: str, error: Exception) -> None:
        """Say once why an edit is not taken into use; it is tried again until the files are changed."""
        problems = _problems_of(error)
        if self._refused.get(name) == problems:
            return
        self._refused[name] = problems
        words = str(error) if isinstance(error, AgentRunError) else repr(error)
        # what is no error of the spec's author comes with its place
        log = logger if isinstance(error, AgentRunError) else logger.opt(exception=error)
        log.error("{} goes on as it was, for its new version is refused:\n{}", name, words)

    def _made_anew(self, old: SpecFile) -> tuple[SpecFile, Plan]:
        new = self._load(old.path)
        require_same(old, new)
        return new, self._make(new)

    def _folders(self) -> set[Path]:
        """Where files are looked after; a plugin may be a package with folders of its own."""
        inputs = (path for file in self._files.values() for path in _inputs(file))
        projects = (file.project / FOLDER for file in self._files.values())
        return {path for path in (*(path.parent for path in inputs), *projects) if path.is_dir()}


def require_same(old: SpecFile, new: SpecFile) -> None:
    """Raise SpecError where ``new`` has another name or way in than ``old``, which is being served."""
    hint = "start the server again to change it"
    if new.spec.name != old.spec.name:
        raise SpecError([new.problem(("name",), f"'{old.spec.name}' is in use under its name", hint)])
    if {t.type for t in new.spec.transport} != {t.type for t in old.spec.transport}:
        raise SpecError([new.problem(("transport",), "the way in can't change while it is open", hint)])


def _problems_of(error: Exception) -> Sequence[Problem]:
    if isinstance(error, SpecError):
        return error.problems
    if isinstance(error, AgentRunError):
        return (examination.problem_of(error),)
    return (Problem("agentrun", 0, 0, "", repr(error), "the server's log says where"),)


def _inputs(file: SpecFile) -> Iterable[Path]:
    """Every file that an agent is made of, or may be."""
    yield file.path
    yield from file.sources
    if file.spec.tools:
        yield from (file.project / FOLDER).rglob("*.py")


def stamp_of(file: SpecFile) -> Stamp:
    """How the files of an agent are now."""
    stamp = {}
    for path in _inputs(file):
        try:
            state = path.stat()
        except OSError:
            continue
        stamp[path] = (state.st_mtime_ns, state.st_size)
    return stamp
