"""The JSON Schema of a spec, including every provider's settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from agentrun.providers import catalogue, settings
from agentrun.providers.service import KINDS, Kind, Service, Setting, Type
from agentrun.spec.models.pipeline import FORMER_TIMEOUT, USUAL_MODELS
from agentrun.spec.reference import json_schema
from agentrun.spec.reference.json_schema import Schema
from agentrun.spec.values.durations import PATTERN

_TYPES: Mapping[Type, Schema] = {
    "string": {"type": "string"},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "array": {"type": "array"},
    "object": {"type": "object"},
    "duration": {"type": "string", "pattern": f"^ *{PATTERN} *$"},
    "any": {},
}
_VARIABLE = {"type": "string", "pattern": r"\$\{"}
"""What a variable will hold is not known before a call."""


def of_spec(tools: Collection[str] = ()) -> Schema:
    """The schema of an agent's file; which settings a service has follows from its ``model``.

    ``tools`` are the names that an editor offers in ``tools:``; others are right there too.
    """
    schema = json_schema.of_spec()
    definitions = schema["$defs"]
    if tools:
        _offer(tools, schema["properties"]["tools"]["items"]["anyOf"], definitions["ToolUse"]["properties"])
    pipeline = definitions["PipelineSpec"]["properties"]
    usual = [f"Usual{name}" for name in json_schema.SERVICES]
    for kind in KINDS:
        settings = {"$ref": f"#/$defs/{kind}-settings"}
        definitions[f"{kind}-settings"] = _settings(kind)
        for option in pipeline[kind]["anyOf"]:
            name = str(option.get("$ref", "")).rpartition("/")[2]
            if name in usual:
                own = _own_keys(kind, definitions[name], settings)
                own["model"] = {**own["model"], "examples": [USUAL_MODELS[kind]]}
                definitions[kind] = {**definitions[name], "properties": own, "allOf": [settings]}
                option["$ref"] = f"#/$defs/{kind}"
    for name in usual:
        del definitions[name]
    return schema


def _offer(tools: Collection[str], short: list[Schema], keys: Schema) -> None:
    """Name ``tools`` where a tool may stand, in short and at ``use``."""
    names: Schema = {"enum": list(tools)}
    short.insert(0, names)
    use = keys["use"]
    any_name = {key: use.pop(key) for key in ("type", "pattern") if key in use}
    use["anyOf"] = [names, any_name]


def _own_keys(kind: Kind, usual: Schema, settings: Schema) -> Schema:
    """The keys that are ours; what takes over has the same settings as what it takes over from."""
    properties = dict(usual["properties"])
    if kind == "realtime":
        return {"model": properties["model"]}
    other = {"anyOf": [properties["model"], {"allOf": [{"$ref": "#/$defs/Alternative"}, settings]}]}
    fallback = {"anyOf": [other, {"type": "array", "items": other}]}
    properties["fallback"] = {**fallback, "description": properties["fallback"]["description"]}
    former = {"description": "The former name of `attempt_timeout`.", "deprecated": True}
    properties[FORMER_TIMEOUT] = {**properties["attempt_timeout"], **former}
    return properties


def _settings(kind: Kind) -> Schema:
    services = [service for name in catalogue.providers(kind) if (service := catalogue.find(kind, name))]
    return {"allOf": [_of_service(service) for service in services]}


def _of_service(service: Service) -> Schema:
    free = settings.elsewhere(service)
    properties = {name: _of_setting(setting) for name, setting in free.items()}
    ours = ["text"] if service.kind == "tts" else []
    ours += ["model", "fallback", "attempt_timeout", FORMER_TIMEOUT]
    keys = [*ours, *properties, *(v.argument for v in service.variables)]
    condition: Schema = {"properties": {"model": {"pattern": f"^{service.provider}(/|$)"}}}
    if service.provider != "openai":
        condition["required"] = ["model"]
    known: Schema = {"properties": properties, "propertyNames": {"enum": list(dict.fromkeys(keys))}}
    bounds = {name: _bounds(service.settings[name]) for name in free if free[name] != service.settings[name]}
    if bounds:
        known |= {"if": {"not": {"required": ["base_url"]}}, "then": {"properties": bounds}}
    return {"if": condition, "then": known}


def _of_setting(setting: Setting) -> Schema:
    options = [_of_type(kind, setting) for kind in setting.types]
    options += [{"enum": list(setting.words)}] if setting.words else []
    options += [{"const": False}] if setting.may_be_false else []
    if any(option == {} for option in options):
        options = [{}]
    elif not any(option == {"type": "string"} for option in options):
        options.append(_VARIABLE)
    shape = options[0] if len(options) == 1 else {"anyOf": options}
    described = {**shape, **({"description": setting.help} if setting.help else {})}
    return described if setting.default is None else {**described, "default": setting.default}


def _of_type(kind: Type, setting: Setting) -> Schema:
    shape: dict[str, Any] = dict(_TYPES[kind])
    if setting.choices and kind in ("string", "integer"):
        shape = {"enum": list(setting.choices)}
    if kind in ("number", "integer"):
        shape |= _bounds(setting)
    if kind == "object" and setting.fields:
        shape["properties"] = {name: _of_setting(one) for name, one in setting.fields.items()}
        shape["additionalProperties"] = False
    return shape


def _bounds(setting: Setting) -> Schema:
    both = {"minimum": setting.minimum, "maximum": setting.maximum}
    return {name: bound for name, bound in both.items() if bound is not None}
