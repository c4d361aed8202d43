"""The reference of a spec's keys in Markdown, generated from its JSON Schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from agentrun.spec.loading.yaml.one_line import in_one_line
from agentrun.spec.reference.json_schema import Schema

_HEAD = "| key | is | default | meaning | example |\n|---|---|---|---|---|"
_INTRO = """# The keys of a spec

One YAML file is one agent. Durations carry their unit: `800ms`, `30s`, `15m`. `${NAME}` is a variable of the
environment, `${NAME:-default}` one with a default; keys and tokens may stand in no other way.

`agentrun schema` prints the same as JSON Schema. With it, this first line gives an editor completion:
`# yaml-language-server: $schema=agent.schema.json`. `agentrun schema --markdown` prints this page.
"""


def of(schema: Schema) -> str:
    """The page for ``schema``: a section for the file, then one for each mapping in it, in order."""
    definitions = schema["$defs"]
    parts = [_INTRO, "## The file", _table(schema, definitions)]
    for name, places in _sections(schema, definitions).items():
        mapping = definitions[name]
        title = ", ".join(f"`{place}`" for place in places[:3])
        parts += [f"## {title}", _prose(mapping.get("description", "")), _table(mapping, definitions)]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _sections(schema: Schema, definitions: dict[str, Schema]) -> dict[str, list[str]]:
    """Every definition that is a mapping with keys, and the dotted paths at which it stands."""
    paths: dict[str, list[str]] = {}

    def visit(mapping: Schema, path: str) -> None:
        for key, value in mapping.get("properties", {}).items():
            for name in _references(value):
                here = f"{path}.{key}" if path else key
                if len(_references(value)) > 1 and "type" in definitions[name].get("properties", {}):
                    here += f" type={definitions[name]['properties']['type'].get('const')}"
                if not definitions[name].get("properties") or name == "File":
                    continue
                if name in paths:
                    if here not in paths[name]:
                        paths[name].append(here)
                    continue
                paths[name] = [here]
                visit(definitions[name], here)

    visit(schema, "")
    return paths


def _references(schema: Any) -> list[str]:
    """The names of the definitions that a value may be, in order."""
    if not isinstance(schema, dict):
        return []
    names = [schema["$ref"].rpartition("/")[2]] if "$ref" in schema else []
    for key in ("anyOf", "oneOf"):
        names += [name for option in schema.get(key, ()) for name in _references(option)]
    names += _references(schema.get("items"))
    names += _references(schema.get("additionalProperties"))
    return list(dict.fromkeys(names))


def _table(mapping: Schema, definitions: dict[str, Schema]) -> str:
    needed = mapping.get("required", ())
    rows = [
        _row(key, value, key in needed, definitions) for key, value in mapping.get("properties", {}).items()
    ]
    return "\n".join([_HEAD, *rows])


def _row(key: str, value: Schema, needed: bool, definitions: dict[str, Schema]) -> str:
    default = "needed" if needed else _code(value["default"]) if value.get("default") is not None else ""
    kinds = " or ".join(dict.fromkeys(_kinds(value, definitions)))
    meaning = _prose(value.get("description") or _first_sentence(value, definitions))
    shown = f"{key}: {in_one_line(example(value, definitions))}".replace("|", "\\|")
    return f"| `{key}` | {kinds} | {default} | {meaning} | `{shown}` |"


def _first_sentence(value: Schema, definitions: dict[str, Schema]) -> str:
    """What a key without a description is: the mapping that may stand there says so."""
    names = _references(value)
    words = definitions[names[0]].get("description", "") if len(names) == 1 else ""
    return re.split(r"(?<=\.)\s", words, maxsplit=1)[0]


def _kinds(value: Schema, definitions: dict[str, Schema]) -> Iterator[str]:
    """What a value may be, in words."""
    if "const" in value:
        yield f"`{value['const']}`"
    elif "enum" in value:
        yield ", ".join(f"`{word}`" for word in value["enum"])
    elif "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        yield "`{file: …}`" if name == "File" else "mapping"
    elif "anyOf" in value or "oneOf" in value:
        for option in (*value.get("anyOf", ()), *value.get("oneOf", ())):
            yield from _kinds(option, definitions)
    elif value.get("type") == "array":
        yield "list"
    elif "m" in value.get("pattern", "") and "ms|s|m|h" in value["pattern"]:
        yield "duration"
    else:
        yield _TYPES.get(value.get("type", ""), "anything")


_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true`, `false`",
    "object": "mapping",
    "null": "`null`",
}
_SAMPLES: dict[str, Any] = {"string": "…", "integer": 1, "number": 1.0, "boolean": True, "object": {}}


def example(value: Schema, definitions: dict[str, Schema]) -> Any:
    """A value that may stand there: one that the model gives, the default, or the first that fits."""
    for candidate in (value.get("const"), *value.get("examples", ()), value.get("default")):
        if candidate not in (None, {}, [], ""):
            return candidate
    if "enum" in value:
        return value["enum"][0]
    if "$ref" in value:
        mapping = definitions[value["$ref"].rpartition("/")[2]]
        keys = mapping.get("required") or list(mapping.get("properties", {}))[:1]
        return {key: example(mapping["properties"][key], definitions) for key in keys}
    for option in (*value.get("anyOf", ()), *value.get("oneOf", ())):
        if option.get("type") != "null":
            return example(option, definitions)
    if value.get("type") == "array":
        return [example(value.get("items", {}), definitions)]
    return _SAMPLES.get(value.get("type", ""), "…")


def _code(value: Any) -> str:
    return f"`{in_one_line(value)}`".replace("|", "\\|")


def _prose(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def as_json(schema: Schema) -> str:
    """The schema as a file has it: in one line, for no one reads it."""
    return json.dumps(schema, ensure_ascii=False, separators=(",", ":")) + "\n"
