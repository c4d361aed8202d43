"""The distributions that each of Pipecat's extras installs."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import requires, version

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PIPECAT = "pipecat-ai"
_MACHINE = {"python_version": "3.12", "python_full_version": "3.12.0", "sys_platform": "linux"}
"""Requirements depend on the machine, the catalogue does not: 3.11 lacks libraries that some extras name."""


def packages(extras: Iterable[str]) -> tuple[str, ...]:
    """The distributions that these extras need, by their canonical names, sorted."""
    names: set[str] = set()
    waiting, seen = list(extras), set[str]()
    while waiting:
        extra = waiting.pop()
        if extra in seen:
            continue
        seen.add(extra)
        for text in requires(PIPECAT) or ():
            requirement = Requirement(text)
            if requirement.marker is None or not _needed(requirement, extra):
                continue
            if canonicalize_name(requirement.name) == PIPECAT:
                waiting += requirement.extras
            else:
                names.add(canonicalize_name(requirement.name))
    return tuple(sorted(names))


def pinned() -> str:
    """The installed version of Pipecat."""
    return version(PIPECAT)


def _needed(requirement: Requirement, extra: str) -> bool:
    marker = requirement.marker
    return marker is not None and (
        marker.evaluate({**_MACHINE, "extra": extra}) and not marker.evaluate({**_MACHINE, "extra": ""})
    )
