"""Model and voice names: near misses of OpenAI's names are rejected, as OpenAI does.

All others are taken: whoever tests against this server may use a newer model, or another server's names.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from itertools import chain
from typing import Any

from agentrun.providers.openai_models import MODELS, is_known, undated
from agentrun.providers.openai_settings import OPENAI_VOICES
from agentrun.simulate.openai.request_bodies import RefusedError

EMBEDDING_MODELS = ("text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002")
OPENAI_MODELS = (*sorted(chain(*MODELS.values())), *EMBEDDING_MODELS)
_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_LETTERS = 5
"""Shorter ones are near to too many other names, as nova is to Nora."""


def has(model: str) -> bool:
    """Whether OpenAI has ``model``, as far as is known here."""
    return is_known(model) or model in EMBEDDING_MODELS


def meant(name: str, known: Iterable[str]) -> str:
    """The one of ``known`` that ``name`` is but for one letter or for capitals; empty where there is none.

    Another number is a newer version, and no mistake.

    >>> meant("gpt-4o-mni", OPENAI_MODELS), meant("gpt-99-mini", OPENAI_MODELS)
    ('gpt-4o-mini', '')
    """
    names = [each for each in known if len(each) >= _LETTERS or each == name]
    shape, shapes = _shape(undated(name)), [_shape(each) for each in names]
    if shape in shapes:
        return ""
    near = [each for each, other in zip(names, shapes, strict=True) if _is_near(shape, other)]
    return next(iter(difflib.get_close_matches(name, near, 1, 0.0)), "")


def require_model(model: Any) -> None:
    """Raise RefusedError where a request asks for one of OpenAI's models that is misspelt."""
    if words := missing_model(model):
        raise RefusedError(words, 404, code="model_not_found")


def missing_model(model: Any) -> str:
    """OpenAI's words for a ``model`` that is misspelt; nothing where it may be one."""
    close = meant(model, OPENAI_MODELS) if isinstance(model, str) and not has(model) else ""
    words = f"The model `{model}` does not exist or you do not have access to it."
    return f"{words} Did you mean `{close}`?" if close else ""


def wrong_voice(voice: Any) -> str:
    """OpenAI's words for a ``voice`` that is misspelt; nothing where it may be one."""
    if not isinstance(voice, str) or not meant(voice, OPENAI_VOICES):
        return ""
    supported = ", ".join(f"'{each}'" for each in OPENAI_VOICES)
    return f"Invalid value: '{voice}'. Supported values are: {supported}."


def _shape(name: str) -> str:
    return _NUMBER.sub("#", name)


def _is_near(one: str, other: str) -> bool:
    """Whether a letter less, more or another, two that changed places, or capitals are all that differs."""
    if abs(len(one) - len(other)) > 1:
        return False
    one, other = one.lower(), other.lower()
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return max(len(one), len(other)) <= 1 or (len(one) == 2 and one == other[::-1])
