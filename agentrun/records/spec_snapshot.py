"""What a call was run with: enough to tell what has changed since, without prompts or secrets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agentrun.records import waiting_times
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.models.pipeline import ServiceSpec
from agentrun.tools.tool import Tool

_SECRET = ("api_key",)
_DIGITS = 12


def take(file: SpecFile, tools: Sequence[Tool]) -> dict[str, Any]:
    """The agent of ``file`` with ``tools``: hashes of what is told to the model, names of the rest.

    ``file`` is the spec's path as it was served. Values are those of the spec before variables are filled in.
    """
    spec = file.spec
    return {
        "file": str(file.path),
        "style": spec.pipeline.style,
        "models": _models(spec),
        "system": _hash(spec.prompts.system),
        "greeting": _greeting(spec),
        "vars": {name: _hash(value) for name, value in spec.vars.items()},
        "tools": {tool.name: _tool(tool) for tool in tools},
        "budget": waiting_times.in_ms(spec.budget),
    }


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What has changed between two snapshots, in the spec's own words.

    >>> differences({"system": "a", "style": "realtime"}, {"system": "b", "style": "realtime"})
    ['prompts.system changed']
    """
    changes = []
    if then.get("style") != now.get("style"):
        changes.append(f"pipeline.style was {then.get('style')}, and is {now.get('style')}")
    if then.get("system") != now.get("system"):
        changes.append("prompts.system changed")
    if then.get("greeting") != now.get("greeting"):
        changes.append("prompts.greeting changed")
    changes += _named("vars.", then.get("vars", {}), now.get("vars", {}), _changed)
    changes += _named("pipeline.", then.get("models", {}), now.get("models", {}), _model_changes)
    changes += _named("the tool ", then.get("tools", {}), now.get("tools", {}), _tool_changes)
    return changes


def _models(spec: AgentSpec) -> dict[str, Any]:
    pipeline = spec.pipeline
    parts: dict[str, ServiceSpec | None] = {"realtime": pipeline.realtime}
    if pipeline.style == "cascaded":
        parts = {"stt": pipeline.stt, "llm": pipeline.llm, "tts": pipeline.tts}
    return {
        kind: {
            "model": part.model,
            "settings": {name: _hash(value) for name, value in part.settings.items() if name not in _SECRET},
        }
        for kind, part in parts.items()
        if part
    }


def _greeting(spec: AgentSpec) -> str:
    greeting = spec.greeting
    return _hash(greeting if isinstance(greeting, str) or greeting is None else {"say": greeting.say})


def _tool(tool: Tool) -> dict[str, Any]:
    properties = tool.parameters.get("properties", {})
    return {
        "description": _hash(tool.description),
        "parameters": {name: _hash(schema) for name, schema in properties.items()},
        "required": sorted(tool.parameters.get("required", ())),
    }


def _named(kind: str, then: Mapping[str, Any], now: Mapping[str, Any], compare: Any) -> Iterator[str]:
    for name in dict.fromkeys((*then, *now)):
        if name not in now:
            yield f"{kind}{name} is gone"
        elif name not in then:
            yield f"{kind}{name} is new"
        elif then[name] != now[name]:
            yield from (f"{kind}{name}{change}" for change in compare(then[name], now[name]))


def _changed(_then: Any, _now: Any) -> Iterator[str]:
    yield " changed"


def _model_changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if then["model"] != now["model"]:
        yield f": the model was {then['model']}, and is {now['model']}"
    yield from _named(": ", then["settings"], now["settings"], _changed)


def _tool_changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if then["description"] != now["description"]:
        yield ": the description changed"
    yield from _named(": parameter ", then["parameters"], now["parameters"], _changed)
    for name in sorted(set(now["required"]) - set(then["required"])):
        if name in then["parameters"]:
            yield f": parameter {name} is now required"
    for name in sorted(set(then["required"]) - set(now["required"])):
        if name in now["parameters"]:
            yield f": parameter {name} is no longer required"


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:_DIGITS]
