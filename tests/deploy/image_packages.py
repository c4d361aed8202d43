"""The packages of an image, as links to those of this environment."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.utils import canonicalize_name

from agentrun import distribution
from agentrun.deploy.image import locked


def link_packages(folder: Path, extras: Collection[str]) -> Path:
    """``folder`` with what an image of ``extras`` installs, and this package; nothing is compiled.

    What is taken out or stripped there is not written over here.
    """
    names = re.findall(r"^([A-Za-z0-9._-]+)==", locked.requirements(extras), re.MULTILINE)
    wanted = {*map(canonicalize_name, names), canonicalize_name(distribution.NAME)}
    for one in distributions():
        if canonicalize_name(one.name) in wanted:
            for source, name in _sources(one):
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                os.link(source, target)
    return folder


def _sources(package: Distribution) -> Iterator[tuple[Path, str]]:
    """Its files, by their names below the folder of packages."""
    for name in package.files or ():
        source = Path(str(package.locate_file(name)))
        if name.suffix != ".pyc" and ".." not in name.parts and source.is_file():
            yield source, str(name)
