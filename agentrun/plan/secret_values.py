"""Values that an agent must never reveal: those of its variables, and what its spec redacts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from agentrun.providers.variables import unset
from agentrun.records.redaction import secrets
from agentrun.records.redaction.redaction import Redaction
from agentrun.spec.loading.spec_file import SpecFile

_HIDDEN_KEY = re.compile(r"key|token|secret|passw|auth|cookie|webhook|^headers$|^env$", re.IGNORECASE)


def redaction(file: SpecFile, environ: Mapping[str, str], webhook: str = "") -> Redaction:
    """A redaction for ``record.redact``, the webhook's URL, and the values of secret variables.

    A variable is secret by its own name, such as ``SHOP_API_KEY``, and where it stands below a key such as
    ``headers`` or ``token``.
    """
    spec = file.spec
    places = [spec.pipeline.model_dump(), spec.record.model_dump(), *(t.model_dump() for t in spec.transport)]
    places += [entry.settings for entry in spec.tools]
    places += [spec.before_call.http] if spec.before_call and spec.before_call.http else []
    names = {name for place in places for name in _names(place)}
    address = {part for part in (webhook, urlsplit(webhook).query) if part}
    return Redaction(spec.record.redact, secrets.of(environ, names) | address)


def _names(value: Any) -> Iterator[str]:
    """The variables that stand below a key whose values are secret."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            hidden = isinstance(key, str) and _HIDDEN_KEY.search(key)
            yield from (variable.name for variable in unset(inner, {})) if hidden else _names(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _names(inner)
