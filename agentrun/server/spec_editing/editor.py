"""Checks an edited spec, makes a draft of it, and saves it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from agentrun.errors import AgentRunError, Problem, SpecError
from agentrun.plan import examination
from agentrun.plan.plan import Plan
from agentrun.server.lifecycle.specs import reload
from agentrun.server.spec_editing import editable_files, spec_text
from agentrun.server.spec_editing.spec_text import Change, SpecText
from agentrun.spec.loading import load
from agentrun.spec.loading.file_text import UNEDITED, Edited
from agentrun.spec.loading.spec_file import SpecFile


@dataclass(frozen=True)
class EditedSpec:
    """What an edit comes to: its ``problems``, how each file differs by name, and a plan without errors."""

    problems: Sequence[Problem]
    difference: Mapping[str, Sequence[str]]
    plan: Plan | None = None


class Editor:
    """Reads, checks and writes the specs of a server; ``make`` is what it makes its plans with.

    ``put`` takes a plan into use, ``served`` has those that are. ``overrides`` and ``style`` are those of
    the command line.
    """

    def __init__(
        self,
        make: Callable[[SpecFile], Plan],
        put: Callable[[Plan], Awaitable[None]],
        served: Callable[[], Sequence[Plan]],
        overrides: Sequence[tuple[str, str]] = (),
        style: str | None = None,
    ) -> None:
        self._make = make
        self._put = put
        self._served = served
        self._overrides = overrides
        self._style = style
        self._writing = asyncio.Lock()

    async def read(self, plan: Plan) -> SpecText:
        """The file of ``plan``'s spec as it is now."""
        return await asyncio.to_thread(spec_text.read, plan.file.path)

    async def check(self, plan: Plan, texts: Mapping[str, str], style: str | None = None) -> EditedSpec:
        """What ``plan``'s spec would be with ``texts`` in its files, in its own style or in ``style``.

        Texts stand by the names that ``editable_files.paths`` has. What another served agent can't be made
        with any more is an error, too.
        """
        return await asyncio.to_thread(self._check, plan, texts, style)

    async def write(
        self, plan: Plan, changes: Mapping[str, tuple[str, str]], prepare: Callable[[Plan], object]
    ) -> tuple[EditedSpec, Mapping[str, SpecText]]:
        """Write the text and the digest of each file, without errors, and take it into use at the next call.

        Gives back what the files are then; nothing where the spec has errors. ``prepare`` raises SetupError
        for a plan that no call can be held with: nothing is written then. Raises ChangedError where a file
        was changed meanwhile, OSError where one can't be written.
        """
        async with self._writing:
            edited = await self.check(plan, {name: text for name, (text, _) in changes.items()})
            if edited.plan is None:
                return edited, {}
            prepare(edited.plan)
            places = editable_files.paths(plan.file)
            wanted = [Change(places[name], text, digest) for name, (text, digest) in changes.items()]
            written = await asyncio.to_thread(spec_text.write, wanted)
            await self._put(edited.plan)
            return edited, dict(zip(changes, written, strict=True))

    def _check(self, old: Plan, texts: Mapping[str, str], style: str | None) -> EditedSpec:
        places = editable_files.paths(old.file)
        before = {name: spec_text.read(places[name]).text for name in texts}
        differences = {name: spec_text.difference(before[name], text) for name, text in texts.items()}
        difference = {name: lines for name, lines in differences.items() if lines}
        edited = {places[name].resolve(): text for name, text in texts.items()}
        problems, plan = self._examined(old, edited, style)
        changed = {places[name].resolve() for name in difference}
        for other in self._served():
            if other.file.path != old.file.path and changed & {each.resolve() for each in other.file.sources}:
                problems += self._broken(other, edited)
        is_right = not any(problem.severity == "error" for problem in problems)
        return EditedSpec(problems, difference, plan if is_right else None)

    def _examined(
        self, old: Plan, edited: Edited, style: str | None = None
    ) -> tuple[list[Problem], Plan | None]:
        """The problems of ``old``'s spec with ``edited`` in its files, and a plan where none is an error."""
        path, style = old.file.path, style or self._style
        seen = examination.examine(path, old.environ, overrides=self._overrides, style=style, edited=edited)
        problems = sorted(seen.problems)
        if not any(problem.severity == "error" for problem in problems):
            try:
                file, _ = load.examine(path, self._overrides, style, edited)
                assert file is not None  # noqa: S101 - it was read a moment ago
                reload.require_same(old.file, file)
                return problems, self._make(file)
            except SpecError as error:
                problems += error.problems
            except AgentRunError as error:
                problems.append(examination.problem_of(error))
        return problems, None

    def _broken(self, other: Plan, edited: Edited) -> list[Problem]:
        """The errors that another agent would have by ``edited``, and has not as its files are now."""
        errors = [problem for problem in self._examined(other, edited)[0] if problem.severity == "error"]
        if not errors:
            return []
        known = {_wherever(problem) for problem in self._examined(other, UNEDITED)[0]}
        new = [problem for problem in errors if _wherever(problem) not in known]
        name = other.spec.name
        return [replace(each, message=f"of agent '{name}', which reads it: {each.message}") for each in new]


def _wherever(problem: Problem) -> Problem:
    """A problem without its line, which an edit moves."""
    return replace(problem, line=0, column=0)
