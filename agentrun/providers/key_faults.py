"""API keys that no header can carry, or that were copied with extra characters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentrun.errors import Problem
from agentrun.providers import key_makers
from agentrun.providers.service import Service
from agentrun.spec.checks import secret_values
from agentrun.spec.loading.spec_file import SpecFile, Where

_QUOTES = "\"'`“”‘’"


def find(
    file: SpecFile,
    service: Service | None,
    options: Mapping[str, Any],
    key: str | None,
    where: Where,
    address: str | None = None,
) -> Problem | None:
    """What is wrong with the ``key`` of the service at ``where``, without the key itself; None for nothing.

    ``options`` are its settings as written: they say whether the key comes from there or from a variable.
    What is at an ``address`` of its own, and a plugin's service, whose ``cls`` is known, may take a key of
    any shape and of any maker.
    """
    if not key or secret_values.MASK in key:
        return None
    words, again = fault(key), "with the key alone"
    if not words and service and not address and isinstance(service.cls, str):
        words, again = key_makers.fault(key, service.provider, service.label), "with its own key"
    if not words:
        return None
    names = [each.name for each in service.variables if each.argument == "api_key"] if service else []
    if "api_key" in options or not names:
        return file.problem((*where, "api_key"), f"the key {words}", f"set it again, {again}")
    return file.problem(("pipeline",), f"{names[0]} {words}", f"export {names[0]}=… again, {again}")


def fault(key: str) -> str:
    """What stands in ``key`` that is in no key, in words; nothing for a key that may be right.

    >>> fault("sk-1\\n"), fault("'sk-1'"), fault("sk-1")
    ('ends with a line break', 'is in quotes', '')
    """
    bare = key.strip()
    if "\n" in bare or "\r" in bare:
        return "holds a line break"
    if bare != key:
        end = key[len(key.rstrip()) :] or key[: len(key) - len(key.lstrip())]
        place = "ends" if key.rstrip() != key else "begins"
        return f"{place} with a line break" if set(end) & set("\r\n") else f"{place} with a space"
    if bare[:1] in _QUOTES or bare[-1:] in _QUOTES:
        return "is in quotes" if bare else ""
    odd = next((mark for mark in bare if not " " <= mark <= "~"), None)
    return f"holds U+{ord(odd):04X}, which is in no key" if odd else ""
