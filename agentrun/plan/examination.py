"""Everything that `agentrun check` finds in one spec."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agentrun import plugins
from agentrun.errors import AgentRunError, PluginError, Problem, SpecError
from agentrun.plan import plan as planning
from agentrun.plan.checks import needless_headers
from agentrun.plan.plan import Plan
from agentrun.plugins.load import Loaded
from agentrun.spec.checks import call_control, literal_templates, meant_otherwise, speakable_text
from agentrun.spec.loading.file_text import UNEDITED, Edited
from agentrun.spec.loading.load import examine as read
from agentrun.spec.loading.spec_file import SpecFile

_PLACE = re.compile(r"(\S+\.py):(\d+): ")
"""The place of an error in a plugin, at the beginning of its message."""


@dataclass(frozen=True)
class Examination:
    """``problems`` of a spec, its tools and its plan; ``plan`` as far as one could be made.

    ``is_whole`` says that the plan is what would be served: nothing had to be left out for it.
    """

    problems: frozenset[Problem]
    plan: Plan | None = None
    is_whole: bool = False


def examine(
    path: Path,
    environ: Mapping[str, str],
    *,
    overrides: Sequence[tuple[str, str]] = (),
    style: str | None = None,
    import_plugins: bool = True,
    edited: Edited = UNEDITED,
) -> Examination:
    """Problems and warnings of the spec at ``path``, with ``edited`` in the place of what its files have."""
    file, wrong = read(path, overrides, style, edited)
    if file is None:
        return Examination(frozenset(wrong))
    loaded, broken = _loaded(file) if import_plugins else (Loaded(()), [])
    problems = {*wrong, *broken, *_blocking(loaded), *speakable_text.check(file)}
    problems.update(meant_otherwise.check(file))
    problems.update(call_control.check_recording(file), needless_headers.check(file))
    problems.update(literal_templates.check_parameters(file))
    if not wrong:
        problems.update(literal_templates.check_rendering(file))
    unread = file.spec.flow is None and ("flow", "nodes") in file.places
    if broken or not import_plugins or unread:
        # a test or a flow that names a tool or a step which was not loaded may be right
        file = replace(file, spec=file.spec.model_copy(update={"tests": (), "flow": None, "handoff": ()}))
    try:
        plan = planning.make(file, loaded.tools, environ, import_plugins=import_plugins)
    except SpecError as error:
        return Examination(frozenset({*problems, *error.problems}))
    return Examination(frozenset({*problems, *plan.warnings}), plan, not wrong and not broken)


def problem_of(error: AgentRunError) -> Problem:
    """What stands in no spec, as a problem without a line."""
    if isinstance(error, PluginError):
        words = error.message.removeprefix(f"plugin '{error.plugin}' ({error.path}): ")
        path, line = error.path, 0
        if (place := _PLACE.match(words)) and error.path.endswith(place[1]):
            line, words = int(place[2]), words[place.end() :]
        return Problem(path, line, 1 if line else 0, f"plugin '{error.plugin}'", words, error.hint)
    return Problem("agentrun", 0, 0, "", error.message, error.hint)


def _blocking(loaded: Loaded) -> list[Problem]:
    authored = [tool for tool in loaded.tools if tool.function]
    if not authored and not loaded.hooks:
        return []
    from agentrun.plugins import blocking_calls

    return list(blocking_calls.problems(authored, loaded.hooks))


def _loaded(file: SpecFile) -> tuple[Loaded, list[Problem]]:
    try:
        return plugins.load_all(file), []
    except SpecError as error:
        return Loaded(()), list(error.problems)
    except AgentRunError as error:
        return Loaded(()), [problem_of(error)]
