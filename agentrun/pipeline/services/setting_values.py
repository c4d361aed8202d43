"""Converts values from YAML to the types in a service's type hints."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipecat.transcriptions.language import Language
from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError

from agentrun.errors import SetupError


@dataclass(frozen=True)
class Owner:
    """Type hints, and the names that stand in them."""

    hints: Mapping[str, Any]
    outer: Mapping[str, Any]
    inner: Mapping[str, Any]


def converted(value: Any, owners: Iterable[Owner], key: str, label: str) -> Any:
    """``value`` as the first of ``owners`` that knows ``key`` wants it: an enumeration, a model, a language.

    Raises SetupError when it doesn't fit.
    """
    owner = next((owner for owner in owners if key in owner.hints), None)
    if owner is None:
        return value
    hint = _resolved(owner, key)
    if isinstance(value, str) and Language in typing.get_args(hint):
        return _language(value)
    try:
        return _adapter(hint).validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join([key, *map(str, first["loc"])])
        raise SetupError(f"{label} refuses {where}: {first['msg']}", "see `agentrun providers`") from None


def _resolved(owner: Owner, key: str) -> Any:
    holder = types.SimpleNamespace(__annotations__={key: owner.hints[key]})
    return typing.get_type_hints(holder, dict(owner.outer), dict(owner.inner))[key]


def _adapter(hint: Any) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True))
    except PydanticUserError:
        # a dataclass or a model brings its own configuration
        return TypeAdapter(hint)


def _language(text: str) -> Language | str:
    """Pipecat's language of that code; other words go to the service as they are."""
    try:
        return Language(text)
    except ValueError:
        return text
