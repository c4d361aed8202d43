"""Finds headers of HTTP tools that have no effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agentrun.errors import Problem
from agentrun.spec.loading.spec_file import SpecFile, Where

_HEADERS = "headers"


def check(file: SpecFile) -> Iterator[Problem]:
    """A warning for each of the client's own that does no harm: a request with it is sent and answered."""
    for where, settings in _requests(file):
        from agentrun.tools.http import literals  # for the few specs that have headers

        for name, why in literals.needless_headers(settings[_HEADERS]):
            message = f"the client sets the header '{name}' itself: {why}"
            yield file.problem((*where, _HEADERS, name), message, "leave it out", "warning")


def _requests(file: SpecFile) -> Iterator[tuple[Where, Mapping[str, Any]]]:
    places: list[tuple[Where, Mapping[str, Any]]] = [
        (("tools", n), entry.settings) for n, entry in enumerate(file.spec.tools) if entry.use == "http"
    ]
    before = file.spec.before_call
    if before and before.http:
        places.append((("before_call", "http"), before.http))
    for where, settings in places:
        if isinstance(settings.get(_HEADERS), Mapping):
            yield where, settings
