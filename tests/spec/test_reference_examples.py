"""Each example of the reference and of the schema is one that the key takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, TypeAdapter
from pydantic.fields import FieldInfo

from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.reference import json_schema, markdown

SCHEMA = json_schema.of_spec()
DEFINITIONS = SCHEMA["$defs"]


def models(kind: type[BaseModel] = BaseModel) -> Iterator[type[BaseModel]]:
    """Every model of a spec."""
    for one in kind.__subclasses__():
        if one.__module__.startswith("agentrun.spec."):
            yield one
        yield from models(one)


def keys() -> Iterator[tuple[str, FieldInfo, dict[str, Any]]]:
    """Every key of the schema: where it stands, its field, and what the schema says of it."""
    for model in {one.__name__: one for one in models()}.values():
        mapping = SCHEMA if model is AgentSpec else DEFINITIONS.get(model.__name__, {})
        for name, field in model.model_fields.items():
            key = field.alias or name
            if key in mapping.get("properties", {}):
                yield f"{model.__name__}.{key}", field, mapping["properties"][key]


@pytest.mark.parametrize(("where", "field", "described"), [pytest.param(*key, id=key[0]) for key in keys()])
def test_an_example_is_taken(where: str, field: FieldInfo, described: dict[str, Any]) -> None:
    given: Any = Annotated[field.annotation, Field(), *field.metadata]
    kind = TypeAdapter[Any](given)
    options = (described, *described.get("anyOf", ()))
    shown = markdown.example(described, DEFINITIONS)
    for example in (shown, *(example for option in options for example in option.get("examples", ()))):
        kind.validate_python(example)


def test_the_examples_of_nearly_every_key_are_looked_at() -> None:
    looked_at = [where for where, _, _ in keys()]
    assert len(looked_at) > 300
    assert "Turns.gather" in looked_at
