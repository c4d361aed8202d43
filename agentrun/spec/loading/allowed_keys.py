"""Which keys a mapping of the spec may have."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from agentrun.spec.loading.close_match import closest
from agentrun.spec.models.agent import AgentSpec

_KEY = re.compile(r"[a-z][a-z0-9_]*")
_NOT_KEYS = ("str", "int", "float", "bool", "nullable", "none")


def is_key(part: int | str) -> bool:
    """Whether a part of pydantic's location can be a key of a spec, and not the tag of a union."""
    return isinstance(part, str) and bool(_KEY.fullmatch(part)) and part not in _NOT_KEYS


def hint(location: Iterable[int | str], key: str) -> str:
    """What was meant by the unknown ``key`` at the end of ``location``."""
    model = _model_at(list(location)[:-1])
    keys = [each.alias or name for name, each in model.model_fields.items()] if model else []
    if model is AgentSpec:
        keys.append("extends")
    return closest(key, keys) or (f"write one of: {', '.join(keys)}" if keys else "")


def _model_at(location: list[int | str]) -> type[BaseModel] | None:
    """The model that pydantic was in, found by walking the types of its fields."""
    models: list[type[BaseModel]] = [AgentSpec]
    for part in location:
        if isinstance(part, int):
            continue
        matches: list[type[BaseModel]] = []
        for model in models:
            field = model.model_fields.get(part)
            if field is not None:
                matches.extend(_models_in(field.annotation))
            elif model.__name__ == part or _is_tagged(model, part):
                matches.append(model)
        models = matches or models
    return models[0] if models else None


def _is_tagged(model: type[BaseModel], tag: str) -> bool:
    field = model.model_fields.get("type")
    return field is not None and f"'{tag}'" in str(field.annotation)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]
