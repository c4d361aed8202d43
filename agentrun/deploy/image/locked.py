"""The locked packages that an image's agents need, with their hashes."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
UNUSED = frozenset({"llvmlite", "numba", "opencv-python-headless", "resampy"})
"""What Pipecat requires and nothing here uses: 210 MB of an image for one resampler, 162 for video."""


def requirements(extras: Collection[str]) -> str:
    """Lines for ``pip install --no-deps --require-hashes``: what every agent needs, and what ``extras`` do.

    They hold for each supported Python, on Linux and macOS. Raises KeyError for an extra that no image has.

    >>> "pytest==" in requirements(["mcp"])
    False
    """
    return _of("", *extras)


def builders() -> str:
    """The same for what makes wheels of packages that come as source alone; it has to be there before."""
    return _of("build")


def unlocked(libraries: Collection[str]) -> list[str]:
    """``libraries`` that are not in the lock, in the version that goes with what is.

    The libraries of stores want fsspec in their own version, but for that of Azure.
    """
    version = _blocks()["fsspec"].partition("==")[2].split()[0]
    return [name if name == "adlfs" else f"{name}=={version}" for name in libraries]


def _of(*extras: str) -> str:
    packages = {name for extra in extras for name in _extras()[extra]}
    return "".join(block for name, block in _blocks().items() if name in packages - UNUSED)


@cache
def _extras() -> dict[str, list[str]]:
    packages: dict[str, list[str]] = json.loads((_HERE / "extras.json").read_text(encoding="utf-8"))
    return packages


@cache
def _blocks() -> dict[str, str]:
    text = (_HERE / "locked.txt").read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    return {block.partition("==")[0]: block for block in blocks}
