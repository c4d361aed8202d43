"""What is done with an edited spec: the checks of `agentrun check`, a draft, and the file."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentrun.errors import AgentRunError, Problem, SpecError
from agentrun.plan import examination
from agentrun.plan.plan import Plan
from agentrun.server.lifecycle import reload
from agentrun.server.spec_editing import spec_text
from agentrun.server.spec_editing.spec_text import SpecText
from agentrun.spec.loading import load
from agentrun.spec.loading.spec_file import SpecFile


@dataclass(frozen=True)
class EditedSpec:
    """What an edit comes to: its ``problems``, how it differs from the file, and a plan without errors."""

    problems: Sequence[Problem]
    difference: Sequence[str]
    plan: Plan | None = None


class Editor:
    """Reads, checks and writes the specs of a server; ``make`` is what it makes its plans with.

    ``put`` takes a plan into use. ``overrides`` and ``style`` are those of the command line.
    """

    def __init__(
        self,
        make: Callable[[SpecFile], Plan],
        put: Callable[[Plan], Awaitable[None]],
        overrides: Sequence[tuple[str, str]] = (),
        style: str | None = None,
    ) -> None:
        self._make = make
        self._put = put
        self._overrides = overrides
        self._style = style
        self._writing = asyncio.Lock()

    async def read(self, plan: Plan) -> SpecText:
        """The file of ``plan``'s spec as it is now."""
        return await asyncio.to_thread(spec_text.read, plan.file.path)

    async def check(self, plan: Plan, text: str, style: str | None = None) -> EditedSpec:
        """What ``text`` would be in the place of ``plan``'s spec, in its own style or in ``style``."""
        return await asyncio.to_thread(self._check, plan, text, style)

    async def write(
        self, plan: Plan, text: str, digest: str, prepare: Callable[[Plan], object]
    ) -> tuple[EditedSpec, SpecText | None]:
        """Write ``text``, which must be without errors, and take it into use at the next call.

        ``prepare`` raises SetupError for a plan that no call can be held with: nothing is written then.
        Raises ChangedError where the file was changed meanwhile, OSError where it can't be written.
        """
        async with self._writing:
            edited = await self.check(plan, text)
            if edited.plan is None:
                return edited, None
            prepare(edited.plan)
            written = await asyncio.to_thread(spec_text.write, plan.file.path, text, digest)
            await self._put(edited.plan)
            return edited, written

    def _check(self, old: Plan, text: str, style: str | None) -> EditedSpec:
        path: Path = old.file.path
        difference = spec_text.difference(path, spec_text.read(path).text, text)
        style = style or self._style
        seen = examination.examine(path, old.environ, overrides=self._overrides, style=style, text=text)
        problems = sorted(seen.problems)
        if not any(problem.severity == "error" for problem in problems):
            try:
                file, _ = load.examine(path, self._overrides, style, text)
                assert file is not None  # noqa: S101 - it was read a moment ago
                reload.require_same(old.file, file)
                return EditedSpec(problems, difference, self._make(file))
            except SpecError as error:
                problems += error.problems
            except AgentRunError as error:
                problems.append(examination.problem_of(error))
        return EditedSpec(problems, difference)
