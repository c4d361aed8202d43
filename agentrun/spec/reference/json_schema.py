"""The JSON Schema of a spec (draft 2020-12), generated from its models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agentrun.providers import catalogue
from agentrun.spec.loading.included_files import PROMPTS
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.models.base import SHORT_FOR, USUAL
from agentrun.spec.models.pipeline import USUAL_MODELS
from agentrun.spec.models.scenarios import Scenario
from agentrun.spec.values.durations import EXAMPLES, WHOLE_PATTERN, written

Schema = dict[str, Any]
DRAFT = "https://json-schema.org/draft/2020-12/schema"
SERVICE = "ServiceSpec"
SERVICES = (SERVICE, "VoiceSpec")
"""The definitions of services in the schema; a voice has a key more."""
_NEEDED = (("extends",), ("transport", "prompts"), ("transport", "flow"))
"""A flow's first node may say what prompts would."""
_ONE_OF = {"Scenario": ("turns", "persona"), "Move": ("say", "call"), "ToolUse": ("use", "mcp")}


def of_spec() -> Schema:
    """The schema of an agent's file."""
    schema = AgentSpec.model_json_schema()
    definitions = schema["$defs"]
    definitions["File"] = {
        "type": "object",
        "description": "The content of a file beside this one.",
        "properties": {"file": {"type": "string", "minLength": 1}},
        "required": ["file"],
        "additionalProperties": False,
    }
    for name in (*SERVICES, "Alternative"):
        definitions[name]["properties"]["model"]["pattern"] = _model_pattern()
    for name in SERVICES:
        definitions[f"Usual{name}"] = {k: v for k, v in definitions[name].items() if k != "required"}
    _tidy(schema, definitions)
    for kind, usual in USUAL_MODELS.items():
        for option in definitions["PipelineSpec"]["properties"][kind]["anyOf"]:
            if option.get("type") == "string":
                option["examples"] = [usual]
    for key in PROMPTS:
        prompt = definitions["Prompts"]["properties"][key]
        options = prompt.pop("anyOf", None) or [{k: prompt.pop(k) for k in ("type", "pattern")}]
        prompt["anyOf"] = [*options, {"$ref": "#/$defs/File"}]
    schema["properties"]["flow"]["anyOf"].append({"$ref": "#/$defs/File"})
    schema["properties"] = {
        "extends": {
            "type": "string",
            "description": "Another spec, whose values apply unless this one overrides them.",
        },
        **schema["properties"],
    }
    del schema["required"]
    schema["anyOf"] = [{"required": list(keys)} for keys in _NEEDED]
    return {"$schema": DRAFT, "title": "agentrun agent", **schema}


def _model_pattern() -> str:
    """``provider/model``, or a provider that has a usual model; a plugin's is not known here."""
    names = sorted({service.provider for service in catalogue.services() if service.provider != "openai"})
    return rf"^([a-z0-9_-]+/\S+|{'|'.join(names)})$"


def of_tests() -> Schema:
    """The schema of a ``NAME.tests.yaml`` beside a spec."""
    schema = Scenario.model_json_schema(ref_template="#/$defs/{model}")
    definitions = schema.pop("$defs")
    definitions["Scenario"] = schema
    _tidy(schema, definitions)
    properties = {
        "name": {"type": "string", "description": "The agent's name."},
        "scenarios": {"type": "array", "items": {"$ref": "#/$defs/Scenario"}},
    }
    return {
        "$schema": DRAFT,
        "title": "agentrun tests",
        "type": "object",
        "properties": properties,
        "$defs": definitions,
    }


def _tidy(schema: Schema, definitions: dict[str, Schema]) -> None:
    """Say in the schema what the models' validators know, and drop what only OpenAPI has a use for."""
    every = [*_nodes(schema), *(node for one in definitions.values() for node in _nodes(one))]
    for node in every:
        node.pop("title", None)
        if isinstance(node.get("default"), dict):
            del node["default"]
        node.pop("discriminator", None)
        if node.get("minLength") == 1 and "pattern" not in node:
            node.pop("minLength")
            node["pattern"] = r"\S"
        if node.pop(USUAL, None):
            node["anyOf"] = [_usual(option) for option in node["anyOf"]]
        if WHOLE_PATTERN in (one.get("pattern") for one in (node, *node.get("anyOf", ()))):
            _say_duration(node)
    for node in every:
        for option in node.get("anyOf", ()):
            if key := option.pop(SHORT_FOR, None):
                option.update(_short(key, node["anyOf"], definitions))
    for name, keys in _ONE_OF.items():
        if name in definitions:
            if not set(definitions[name].get("required", ())).isdisjoint(keys):
                del definitions[name]["required"]
            definitions[name]["anyOf"] = [{"required": [key]} for key in keys]


def _short(key: str, options: list[Schema], definitions: dict[str, Schema]) -> Schema:
    """What a bare string may be: what stands at ``key`` of the mappings that it is short for."""
    long = [one for option in options for one in (option, *option.get("oneOf", ())) if "$ref" in one]
    schemas = [definitions[one["$ref"].rpartition("/")[2]]["properties"][key] for one in long]
    words = [one["const"] for one in schemas if "const" in one]
    if words:
        return {"type": "string", "enum": words}
    keys = ("type", "pattern", "examples")
    return {name: value for name, value in schemas[0].items() if name in keys}


def _usual(option: Schema) -> Schema:
    name = str(option.get("$ref", "")).rpartition("/")[2]
    return {"$ref": f"#/$defs/Usual{name}"} if name in SERVICES else option


def _say_duration(node: Schema) -> None:
    """A duration is a text with its unit, also where it is the default; that is the likeliest example."""
    for part in (node, *node.get("anyOf", ())):
        for bound in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
            part.pop(bound, None)
    if isinstance(node.get("default"), float):
        node["default"] = written(node["default"])
        if node.get("examples") == list(EXAMPLES):
            node["examples"] = [node["default"]]


def _nodes(schema: Any) -> Iterator[Schema]:
    """Every schema inside ``schema``, itself first; never what stands in defaults and examples."""
    if not isinstance(schema, dict):
        return
    yield schema
    for key in ("properties", "patternProperties"):
        for inside in schema.get(key, {}).values():
            yield from _nodes(inside)
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for inside in schema.get(key, ()):
            yield from _nodes(inside)
    for key in ("items", "additionalProperties", "not"):
        yield from _nodes(schema.get(key))
