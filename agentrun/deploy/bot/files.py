"""The files of an ejected bot: the bot, what it imports, and the plugins."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from agentrun.deploy.bot import imports, left_behind, plugin_code, python_code, services
from agentrun.deploy.bot.parts import BUILTIN, function_of, parts, written
from agentrun.deploy.deployment import Deployment
from agentrun.deploy.rendering import render
from agentrun.deploy.requirements import with_own
from agentrun.deploy.variables import Variable
from agentrun.deploy.written import secret_files
from agentrun.errors import Problem
from agentrun.plan.plan import Plan
from agentrun.plugins.find import FOLDER
from agentrun.providers import catalogue
from agentrun.spec.loading.spec_file import Where, dotted
from agentrun.spec.models.agent import FixedWords
from agentrun.tools.tool import Tool

_PARAMS = {"twilio": "FastAPIWebsocketParams", "daily": "DailyParams", "webrtc": "TransportParams"}
"""What Pipecat's runner calls each way in, and what its transport is told."""
_OF_RUNNER = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "DAILY_API_KEY")
"""Variables that Pipecat's runner reads by itself."""
_QUOTING = "A value with ${ or # in it stands in single quotes: NAME='a#b'"
"""As python-dotenv reads it, which Pipecat's runner loads it with."""


def files(wanted: Deployment) -> dict[str, bytes]:
    """By name: the spec is not among them, for everything in it stands in ``bot.py``."""
    plan = wanted.plans[0]
    values = _values(wanted, plan)
    code = {"bot.py": _bot(plan, values), **_plugin_files(wanted)}
    return {
        **code,
        "agentrun.py": render("bot/agentrun.py.j2", values),
        "requirements.txt": _requirements(wanted),
        "secrets.env.example": render(
            "secrets.env.j2", values | {"variables": _read(wanted, code), "quoting": _QUOTING}
        ),
        ".gitignore": secret_files.IGNORED,
    }


def _plugin_files(wanted: Deployment) -> dict[str, bytes]:
    return {name: text for name, text in wanted.project.files.items() if name.startswith(f"{FOLDER}/")}


def _read(wanted: Deployment, code: Mapping[str, bytes]) -> list[Variable]:
    """The variables that ``code`` names, and the runner's own; what is left behind needs none."""
    every = b"\n".join(code.values())
    return [one for one in wanted.variables if one.name in _OF_RUNNER or one.name.encode() in every]


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
    yield from _of_services(plan)
    for tool in plan.tools:
        if tool.name not in BUILTIN and function_of(plan, tool) is None:
            index = next((i for i, use in enumerate(plan.spec.tools) if _brings(use.use, tool)), None)
            if plan.spec.tools[index].mcp if index is not None else _refused_sections(plan):
                continue  # what has brought it is refused
            where: Where = ("tools",) if index is None else ("tools", index)
            words = f"'{tool.name}' is not a function of a file in {FOLDER}/"
            yield file.problem(where, words, "write it as a function there")
        elif tool.confirm:
            words = f"'{tool.name}' asks the caller before it does anything, and a plain bot does it at once"
            yield file.problem(("tools",), words, "take `confirm` out, and have the prompt ask")
    for where in left_behind.told(plan):
        yield file.problem(where, "is left behind", "", "warning")


def _of_services(plan: Plan) -> Iterator[Problem]:
    for part in parts(plan):
        where = ("pipeline", part.kind)
        if not services.is_plain(part):
            words = f"{part.provider}'s service is built in a way that can't be written down"
            yield plan.file.problem(where, words, "name another provider")
        for key in services.unwritable(part, written(plan, part)):
            words = "has a variable in it, which a plain bot reads in texts and numbers alone"
            yield plan.file.problem((*where, key), words, "write its value")
    if not plan.realtime and plan.stt is None:
        words = "a plain bot gives a language model words, and this one hears sound"
        yield plan.file.problem(("pipeline", "llm"), words, "name one that takes text, and an stt")


def _refused_sections(plan: Plan) -> list[str]:
    return [name for name in left_behind.REFUSED if getattr(plan.spec, name)]


def _brings(entry: str, tool: Tool) -> bool:
    return entry == tool.name or entry.partition(".")[0] == tool.plugin


def _requirements(wanted: Deployment) -> bytes:
    plan = wanted.plans[0]
    extras = {"openai", "runner", "silero", "webrtc", "websocket"} | ({"daily"} if plan.daily else set())
    extras |= {name for part in parts(plan) if part.service for name in part.service.extras}
    pipecat = f"pipecat-ai[{','.join(sorted(extras))}]=={catalogue.pinned()}"
    return with_own(wanted, pipecat, "jinja2>=3.1", *(["httpx>=0.27"] if _plugins(plan) else []))


def _bot(plan: Plan, values: Mapping[str, Any]) -> bytes:
    body = render("bot/bot.py.j2", values)
    modules = {name: module for part in parts(plan) for name, module in services.modules(part).items()}
    needed = imports.of(body.decode(), modules)
    return b"\n\n".join([render("bot/head.py.j2", values) + needed.encode(), body])


def _values(wanted: Deployment, plan: Plan) -> dict[str, Any]:
    spec = plan.spec
    return {
        "name": spec.name,
        "description": spec.description,
        "spec": wanted.project.specs[0],
        "left_out": [dotted(where) for where in left_behind.told(plan)],
        "system": _assigned("SYSTEM", spec.prompts.system),
        **_greeting(plan),
        "variables": python_code.literal(dict(spec.vars)) if spec.vars else "",
        "longest": math.ceil(spec.limits.max_duration),
        "goodbye": _assigned("GOODBYE", spec.limits.goodbye),
        "plugins": _plugins(plan),
        "tools": [_tool(plan, tool) for tool in plan.tools],
        "hangs_up": any(tool.name == "hang_up" for tool in plan.tools),
        "realtime": plan.realtime is not None,
        "finds_turns": bool(plan.realtime and services.finds_turns_here(written(plan, plan.realtime))),
        "transports": [(name, _PARAMS[name]) for name in _ways_in(plan)],
        **_services(plan),
        "way_in": _way_in(wanted),
        "copy": ".env",
    }


def _services(plan: Plan) -> dict[str, str]:
    """Each by its name in the pipeline; a speech-to-speech model has the place of the language model."""
    made = {part.kind: services.code(part, written(plan, part)).text(4) for part in parts(plan)}
    return {"llm" if kind == "realtime" else kind: code for kind, code in made.items()}


def _greeting(plan: Plan) -> dict[str, str]:
    """What is said first, and how: not at all, as it stands, or by the model, which is asked to."""
    greeting = plan.spec.prompts.greeting
    if greeting is None:
        return {"greeting": "", "greeting_kind": "none"}
    words = greeting.say if isinstance(greeting, FixedWords) else greeting
    if isinstance(greeting, FixedWords) and not plan.realtime:
        return {"greeting": _assigned("GREETING", words), "greeting_kind": "say"}
    if isinstance(greeting, FixedWords):
        words = f"Say exactly this: {words}"
    return {"greeting": _assigned("GREETING", words), "greeting_kind": "ask"}


def _assigned(name: str, text: str) -> str:
    return python_code.lines(text, beside=len(f"{name} = "))


def _ways_in(plan: Plan) -> list[str]:
    """As Pipecat's runner calls them; a browser is always one, for trying it out."""
    named = {transport.type for transport in plan.transports} | {"webrtc"}
    return [name for name in _PARAMS if name in named]


def _plugins(plan: Plan) -> list[str]:
    return sorted({tool.plugin for tool in plan.tools if tool.name not in BUILTIN})


def _tool(plan: Plan, tool: Tool) -> dict[str, Any]:
    builtin = BUILTIN.get(tool.name)
    return {
        "name": tool.name,
        "description": python_code.lines(tool.description, 16, len(",")),
        "properties": python_code.literal(tool.parameters.get("properties", {}), 16),
        "required": python_code.literal(list(tool.parameters.get("required", ()))),
        "handler": builtin or f'run({tool.plugin.upper()}_TOOLS["{function_of(plan, tool)}"], call)',
    }
