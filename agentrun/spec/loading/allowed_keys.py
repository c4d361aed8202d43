"""The keys that a mapping in the spec may have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cache
from typing import Any

from pydantic import BaseModel

from agentrun.spec.loading.close_match import closest
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.models.before_call import CallChoice
from agentrun.spec.models.pipeline import PipelineSpec

_KEY = re.compile(r"[a-z][a-z0-9_]*")
_DEEPEST = 3
"""Levels of mappings in which a key that stands in the wrong place is looked for."""
_MOST_HOMES = 3
_SLIP = 0.8
_NOT_KEYS = ("str", "int", "float", "bool", "nullable", "none")


def is_key(part: int | str) -> bool:
    """Whether a part of pydantic's location can be a key of a spec, and not the tag of a union."""
    return isinstance(part, str) and bool(_KEY.fullmatch(part)) and part not in _NOT_KEYS


def hint(location: Iterable[int | str], key: str, lacking: Sequence[str] = ()) -> str:
    """What was meant by the unknown ``key`` at the end of ``location``, beside which keys are ``lacking``."""
    model = _model_at(list(location)[:-1])
    keys = _keys(model)
    if model is PipelineSpec and not closest(key, keys):
        return f"write settings below their service, such as `llm: {{model: openai/gpt-4o, {key}: …}}`"
    near, elsewhere = closest(key, keys), homes().get(key, ())
    if not near and len(lacking) == 1 and lacking[0] in keys:
        return f"did you mean '{lacking[0]}'?"
    if 0 < len(elsewhere) <= _MOST_HOMES and not _is_slip(key, keys):
        return f"move it into {' or '.join(f'`{home}`' for home in elsewhere)}"
    return near or (f"write one of: {', '.join(keys)}" if keys else "")


def _is_slip(key: str, keys: Iterable[str]) -> bool:
    """Whether a letter or two make ``key`` one of ``keys``, such as an s at its end."""
    return any(SequenceMatcher(None, key, each).ratio() > _SLIP for each in keys)


def of(location: Iterable[int | str]) -> list[str]:
    """The keys of the mapping at ``location``, its own first; none where any key may stand."""
    model = _model_at(list(location))
    own = model.__annotations__ if model else {}
    return sorted(_keys(model), key=lambda key: key not in own)


def below(model: type[BaseModel], location: Iterable[int | str]) -> list[str]:
    """The keys of the mapping at ``location`` within ``model``, which is no part of a spec's own."""
    return _keys(_model_at(list(location), model))


def _keys(model: type[BaseModel] | None) -> list[str]:
    keys = [each.alias or name for name, each in model.model_fields.items()] if model else []
    return [*keys, "extends"] if model is AgentSpec else keys


@cache
def homes() -> Mapping[str, tuple[str, ...]]:
    """Each key of a spec below the first level, with the dotted names of the mappings that it is a key of.

    >>> homes()["max_duration"]
    ('limits',)
    """
    found: dict[str, list[str]] = {}
    level: list[tuple[str, type[BaseModel]]] = [("", AgentSpec)]
    for _ in range(_DEEPEST):
        inner: list[tuple[str, type[BaseModel]]] = []
        for home, model in level:
            for name, field in model.model_fields.items():
                key = field.alias or name
                if home and home not in found.setdefault(key, []):
                    found[key].append(home)
                models = [each for each in _models_in(field.annotation) if each is not CallChoice]
                inner += [(f"{home}.{key}".lstrip("."), each) for each in models]
        level = inner
    return {key: tuple(places) for key, places in found.items()}


def _model_at(location: list[int | str], start: type[BaseModel] = AgentSpec) -> type[BaseModel] | None:
    """The model that pydantic was in, found by walking the types of its fields."""
    models: list[type[BaseModel]] = [start]
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
