"""The packages of an image, as links to those of this environment."""

from __future__ import annotations

import os
import re
import sysconfig
from collections.abc import Collection, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from agentrun import distribution
from agentrun.deploy.image import locked, slimming
from tests.once import once

INSTALLED = Path(sysconfig.get_path("purelib"))
EXTRAS = frozenset({"browser", "daily", "postgresql", "tracing"})
"""Those of all images that are looked at."""


def slimmed_packages(factory: pytest.TempPathFactory, extras: Collection[str]) -> Path:
    """A folder with what an image of ``extras`` installs, and this package; slimmed, and not compiled.

    To slim them takes long: that is done once for all ``EXTRAS``.
    """
    assert EXTRAS.issuperset(extras)

    def make(folder: Path) -> None:
        _link(INSTALLED, folder, EXTRAS)
        slimming.slim(folder)

    folder = factory.mktemp("packages")
    _link(once(factory, "slimmed-packages", make), folder, extras)
    return folder


def _link(packages: Path, folder: Path, extras: Collection[str]) -> None:
    """Have ``folder`` hold what ``extras`` install, as far as it is among ``packages``.

    What is taken out or stripped there is not written over here.
    """
    names = re.findall(r"^([A-Za-z0-9._-]+)==", locked.requirements(set(extras)), re.MULTILINE)
    wanted = {*map(canonicalize_name, names), canonicalize_name(distribution.NAME)}
    for one in distributions():
        if canonicalize_name(one.name) in wanted:
            for name in _files(one):
                if (packages / name).is_file():
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                    os.link(packages / name, folder / name)


def _files(package: Distribution) -> Iterator[str]:
    """Its files, by their names below the folder of packages."""
    for name in package.files or ():
        if name.suffix != ".pyc" and ".." not in name.parts:
            yield str(name)
