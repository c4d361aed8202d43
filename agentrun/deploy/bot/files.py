"""What is written for those who leave: a bot, what it imports, and the plugins as they are."""

from __future__ import annotations

import ast
import math
import pprint
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agentrun.deploy.bot import plugin_code, services
from agentrun.deploy.deployment import Deployment
from agentrun.deploy.rendering import render
from agentrun.deploy.requirements import with_own
from agentrun.deploy.written import secret_files
from agentrun.errors import Problem
from agentrun.plan.plan import Plan
from agentrun.plugins.find import FOLDER
from agentrun.providers import catalogue
from agentrun.spec.models.agent import FixedWords
from agentrun.tools.decorator import TIMEOUT
from agentrun.tools.tool import Tool

BUILTIN = {"hang_up": "hang_up(call)"}
"""Built-in tools that the bot has, and what they are called there."""
_TOOL_OPTIONS: Mapping[str, object] = {
    "on_interrupt": "cancel", "once_per_call": False, "save": {}, "say": None, "timeout": TIMEOUT
}  # fmt: skip
"""Options of a tool that a plain bot has not, and what they are usually."""
_NO_COUNTERPART = ("flow", "knowledge", "handoff", "before_call")
"""Sections that a conversation depends on; some bring tools of their own."""
_ASK = "Begin the conversation now: "


def files(wanted: Deployment) -> dict[str, bytes]:
    """By name: the spec is not among them, for everything in it stands in ``bot.py``."""
    plan = wanted.plans[0]
    values = _values(wanted, plan)
    contents = {
        "bot.py": render("bot/bot.py.j2", values),
        "agentrun.py": render("bot/agentrun.py.j2", values),
        "requirements.txt": _requirements(wanted),
        "secrets.env.example": render("secrets.env.j2", values | {"variables": wanted.variables}),
        ".gitignore": secret_files.IGNORED,
    }
    plugins = {name: text for name, text in wanted.project.files.items() if name.startswith(f"{FOLDER}/")}
    return contents | plugins


def commands(wanted: Deployment) -> list[list[str]]:
    """Install what it needs, and answer on this machine the way that the agent is reached."""
    runs = ["python", "bot.py", "-t", _way_in(wanted)]
    if _way_in(wanted) == "twilio":
        runs += ["--proxy", "HOST"]
    return [["pip", "install", "--requirement", "requirements.txt"], runs]


def remarks(wanted: Deployment) -> list[str]:
    """What HOST is, and where Twilio asks."""
    if _way_in(wanted) != "twilio":
        return []
    return [
        "HOST is where Twilio reaches this machine, such as the name that `ngrok http 7860` shows",
        "at Twilio, the webhook of the number: https://HOST/",
    ]


def _way_in(wanted: Deployment) -> str:
    """What Pipecat's runner calls the agent's first transport; a microphone becomes a browser's."""
    first = wanted.plans[0].transports[0].type
    return first if first in ("twilio", "daily") else "webrtc"


def problems(plan: Plan, _environ: Mapping[str, str]) -> Iterator[Problem]:
    """What a conversation depends on and a plain bot has no counterpart for; the rest is left behind."""
    file = plan.file
    yield from plugin_code.problems(plan)
    for name in _refused_sections(plan):
        words = "a plain bot has no counterpart for it"
        yield file.problem((name,), words, f"remove {name}, or write it in Python")
    for number, entry in enumerate(plan.spec.tools):
        if entry.mcp:
            words = "a plain bot has no counterpart for it"
            yield file.problem(("tools", number, "mcp"), words, "remove it, or write it in Python")
    for part in _parts(plan):
        if not services.is_plain(part):
            words = f"{part.provider}'s service is built in a way that can't be written down"
            yield file.problem(("pipeline", part.kind), words, "name another provider")
    for tool in plan.tools:
        if tool.name not in BUILTIN and _function(plan, tool) is None:
            index = next((i for i, use in enumerate(plan.spec.tools) if _brings(use.use, tool)), None)
            if index is None and _refused_sections(plan):
                continue  # such a section has brought it
            where = ("tools",) if index is None else ("tools", index)
            words = f"'{tool.name}' is not a function of a file in {FOLDER}/"
            yield file.problem(where, words, "write it as a function there")
        elif tool.confirm:
            words = f"'{tool.name}' asks the caller before it does anything, and a plain bot does it at once"
            yield file.problem(("tools",), words, "take `confirm` out, and have the prompt ask")
    for name in _left_out(plan):
        yield file.problem(tuple(name.split(".")), "is left behind", "", "warning")


def _refused_sections(plan: Plan) -> list[str]:
    return [name for name in _NO_COUNTERPART if getattr(plan.spec, name)]


def _parts(plan: Plan) -> list[Any]:
    return [part for part in (plan.stt, plan.llm, plan.tts, plan.realtime) if part]


def _left_out(plan: Plan) -> Iterator[str]:
    spec = plan.spec
    for part in _parts(plan):
        yield from services.left_out(part)
    sections = {"turns": spec.turns, "limits": spec.limits, "context": spec.context, "record": spec.record}
    sections |= {"callers": spec.callers, "budget": spec.budget}
    for name, value in sections.items():
        for key in sorted(value.model_fields_set):
            if (name, key) not in (("limits", "max_duration"), ("limits", "goodbye")):
                yield f"{name}.{key}"
    for name in sorted(spec.prompts.model_fields_set - {"system", "greeting"}):
        yield f"prompts.{name}"
    for name in ("after_call", "extract", "extraction", "hours", "on_fault", "pronounce", "resume"):
        if getattr(spec, name) and name in spec.model_fields_set:
            yield name
    for name in ("judge", "tests"):
        if getattr(spec, name):
            yield name
    for tool in plan.tools:
        for key, usual in _TOOL_OPTIONS.items():
            if getattr(tool, key) != usual and _function(plan, tool):
                yield f"tools.{tool.name}.{key}"


def _brings(entry: str, tool: Tool) -> bool:
    return entry == tool.name or entry.partition(".")[0] == tool.plugin


def _function(plan: Plan, tool: Tool) -> str | None:
    """The name of the function behind ``tool``, found by the line of its plugin's file that it stands at."""
    where, _, line = tool.origin.rpartition(":")
    plugin = plan.file.project / FOLDER / tool.plugin
    if not line.isdigit():
        return None
    for source in (plugin.with_name(f"{tool.plugin}.py"), *sorted(plugin.rglob("*.py"))):
        if f"{source.parent.name}/{source.name}" == where and (name := _function_at(source, int(line))):
            return name
    return None


def _function_at(source: Path, line: int) -> str | None:
    try:
        tree = ast.parse(source.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return None
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            if first <= line <= (node.end_lineno or node.lineno):
                return node.name
    return None


def _requirements(wanted: Deployment) -> bytes:
    plan = wanted.plans[0]
    extras = {"openai", "runner", "silero", "webrtc", "websocket"} | ({"daily"} if plan.daily else set())
    extras |= {name for part in _parts(plan) for name in part.service.extras}
    pipecat = f"pipecat-ai[{','.join(sorted(extras))}]=={catalogue.pinned()}"
    return with_own(wanted, pipecat, "jinja2>=3.1", "httpx>=0.27")


def _values(wanted: Deployment, plan: Plan) -> dict[str, Any]:
    spec, greeting = plan.spec, plan.spec.greeting
    words = greeting.say if isinstance(greeting, FixedWords) else greeting
    realtime = plan.realtime is not None
    kind = (
        "none" if greeting is None else "say" if isinstance(greeting, FixedWords) and not realtime else "ask"
    )
    if kind == "ask" and isinstance(greeting, FixedWords):
        words = f"Say exactly this: {greeting.say}"
    begin = '[{"role": "developer", "content": ' + repr(_ASK) + " + greeting}]" if kind == "ask" else ""
    return {
        "name": spec.name,
        "spec": wanted.project.specs[0],
        "left_out": list(_left_out(plan)),
        "imports": sorted({line for part in _parts(plan) for line in services.imports(part)}),
        "system": _text(spec.prompts.system),
        "greeting": _text(words or ""),
        "greeting_kind": kind,
        "begin": begin or "[]",
        "variables": pprint.pformat(dict(spec.vars), width=100, sort_dicts=False),
        "longest": math.ceil(spec.limits.max_duration),
        "goodbye": _text(spec.limits.goodbye),
        "plugins": sorted({tool.plugin for tool in plan.tools if tool.name not in BUILTIN}),
        "tools": [_tool(plan, tool) for tool in plan.tools],
        "realtime": realtime,
        **{part.kind: services.code(part) for part in _parts(plan)},
        **({"llm": services.code(plan.realtime)} if plan.realtime else {}),
        "way_in": _way_in(wanted),
        "copy": ".env",
    }


def _tool(plan: Plan, tool: Tool) -> dict[str, Any]:
    builtin = BUILTIN.get(tool.name)
    return {
        "name": tool.name,
        "description": _text(tool.description),
        "properties": pprint.pformat(tool.parameters.get("properties", {}), width=90, sort_dicts=False),
        "required": repr(list(tool.parameters.get("required", ()))),
        "handler": builtin or f'run({tool.plugin.upper()}["{_function(plan, tool)}"], call)',
    }


def _text(text: str) -> str:
    """A string as Python has it, over several lines where it has several."""
    if "\n" not in text:
        return repr(text)
    lines = text.split("\n")
    inner = "".join(f"\n    {line + chr(10)!r}" for line in lines[:-1]) + f"\n    {lines[-1]!r}"
    return f"({inner}\n)"
