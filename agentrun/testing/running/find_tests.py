"""Finds the tests of specs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agentrun.spec.loading.spec_file import SpecFile
from agentrun.spec.loading.tests_file import SUFFIX
from agentrun.spec.models.scenarios import Scenario

Depth = Literal["text", "audio"]
_SPEC = re.compile(r"^(prompts|extends|tests):", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """One test of a spec; ``spec`` is the file as it was named, ``index`` the test's place in it."""

    file: SpecFile
    spec: str
    index: int

    @property
    def scenario(self) -> Scenario:
        """The test itself."""
        return self.file.spec.tests[self.index]

    @property
    def name(self) -> str:
        """Its name."""
        return self.scenario.name

    @property
    def id(self) -> str:
        """``agents/ncaa.yaml::mens-scores``."""
        return f"{self.spec}::{self.name}"


def cases(file: SpecFile, spec: str) -> list[Case]:
    """The tests of a spec, in their order."""
    return [Case(file, spec, index) for index in range(len(file.spec.tests))]


def find(path: Path) -> list[Path]:
    """The specs that ``path`` means: itself, or those of a folder."""
    if not path.is_dir():
        return [path]
    files = [p for kind in ("*.yaml", "*.yml") for p in path.glob(kind) if not p.name.endswith(SUFFIX)]
    return sorted(p for p in files if _SPEC.search(p.read_text(encoding="utf-8", errors="replace")))
