"""Parts of a spec that a plain bot can't have: errors for some, warnings for others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agentrun.deploy.bot import services
from agentrun.deploy.bot.parts import BUILTIN, function_of, parts, written
from agentrun.plan.plan import Plan
from agentrun.spec.loading.spec_file import Where
from agentrun.spec.models.agent import LocalTransport
from agentrun.spec.models.tools.tool_options import OPTIONS
from agentrun.tools.decorator import TIMEOUT

REFUSED = ("flow", "knowledge", "handoff", "before_call")
"""Sections that a conversation depends on; some bring tools of their own."""
_TOOL_OPTIONS: Mapping[str, object] = {
    "on_interrupt": "cancel", "once_per_call": False, "save": {}, "say": None, "timeout": TIMEOUT
}  # fmt: skip
"""Options of a tool that a plain bot has not, and what they are usually."""
BY_KEY = ("turns", "limits", "context", "record", "callers", "budget", "extraction")
"""Keys of a spec whose own keys are told one by one."""
WHOLE = ("after_call", "extract", "hours", "judge", "on_fault", "pronounce", "resume", "tests")
"""Keys of a spec that are told as they are."""
PORTED = ("description", "name", "pipeline", "prompts", "tools", "transport", "vars")
"""Keys of a spec that stand in the bot; what of them doesn't is told key by key."""


def told(plan: Plan) -> Iterator[Where]:
    """Where the spec says what is left behind, for the conversation goes on without it."""
    spec = plan.spec
    yield from _of_transports(plan)
    for part in parts(plan):
        yield from services.left_out(part, written(plan, part))
    if "text" in spec.pipeline.tts.model_fields_set and spec.pipeline.tts.text == "spoken" and plan.tts:
        yield ("pipeline", "tts", "text")
    for name in BY_KEY:
        value = getattr(spec, name)
        yield from ((name, key) for key in sorted(value.model_fields_set) if not _is_kept(plan, name, key))
    yield from (("prompts", name) for name in sorted(spec.prompts.model_fields_set - {"system", "greeting"}))
    yield from ((name,) for name in WHOLE if getattr(spec, name) and name in spec.model_fields_set)
    yield from _of_tools(plan)


def _is_kept(plan: Plan, name: str, key: str) -> bool:
    """A speech-to-speech model has no voice for the words that end a call."""
    return (name, key) == ("limits", "max_duration") or (
        (name, key) == ("limits", "goodbye") and not plan.realtime
    )


def _of_transports(plan: Plan) -> Iterator[Where]:
    for index, transport in enumerate(plan.file.spec.transport):
        at: Where = ("transport", index)
        where = at if at in plan.file.places else ("transport",)
        # the runner's `--proxy` says where Twilio comes
        keys = set(transport.model_fields_set) - {"type", "public_url"}
        if isinstance(transport, LocalTransport) and transport.device == "browser":
            keys -= {"device"}
        yield from ((*where, key) for key in sorted(keys))


def _of_tools(plan: Plan) -> Iterator[Where]:
    for index, use in enumerate(plan.spec.tools):
        if use.use in BUILTIN:
            yield from (
                ("tools", index, key) for key in sorted(use.model_fields_set & {*OPTIONS} - {"confirm"})
            )
    for tool in plan.tools:
        if tool.name not in BUILTIN and function_of(plan, tool):
            changed = (key for key, usual in _TOOL_OPTIONS.items() if getattr(tool, key) != usual)
            yield from (("tools", tool.name, key) for key in changed)
