"""A spec for any service of the catalogue: what the tests that walk through all of them share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentrun import spec
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.providers.service import Kind, Service, Setting, Type

SAMPLES: Mapping[Type, Any] = {
    "string": "en",
    "integer": 3,
    "number": 0.5,
    "boolean": True,
    "array": ["en"],
    "object": {"a": "b"},
    "any": "en",
    "duration": "1s",
}


def named(service: Service) -> str:
    """A name for a test."""
    return f"{service.kind}-{service.provider}"


def environ_of(*services: Service) -> dict[str, str]:
    """Every variable that the services ask for, beside OpenAI's for the parts that a spec leaves out."""
    names = [variable.name for service in services for variable in service.variables]
    return {"OPENAI_API_KEY": "key"} | dict.fromkeys(names, "value")


def sample(setting: Setting) -> Any:
    """A value that fits."""
    if setting.default not in (None, "", []):
        return setting.default
    if setting.choices:
        return setting.choices[0]
    if setting.type == "array":
        return [SAMPLES[setting.items]]
    if setting.fields:
        return {key: sample(inner) for key, inner in setting.fields.items() if inner.required}
    return SAMPLES[setting.type]


def plan_of(
    folder: Path, service: Service, settings: Mapping[str, Any], environ: Mapping[str, str] | None = None
) -> Plan:
    """The plan of an agent with ``service`` and these settings; raises SpecError."""
    path = write(folder, service.kind, {"model": f"{service.provider}/a-model"} | dict(settings))
    return planning.make(spec.load(path), (), environ_of(service) if environ is None else environ)


def write(folder: Path, kind: Kind, part: Mapping[str, Any]) -> Path:
    """A spec with one part; JSON is YAML, one key a line."""
    style = "realtime" if kind == "realtime" else "cascaded"
    lines = [f"    {key}: {json.dumps(value)}" for key, value in part.items()]
    path = folder / "desk.yaml"
    head = f"transport: local\nprompts: Be brief.\npipeline:\n  style: {style}\n  {kind}:\n"
    path.write_text(head + "\n".join(lines) + "\n")
    return path
