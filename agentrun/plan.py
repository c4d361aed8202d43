"""Spec, tools and environment make a plan: everything that can be known before a call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agentrun.errors import SetupError
from agentrun.providers.catalogue import Kind
from agentrun.spec.file import SpecFile
from agentrun.spec.models import AgentSpec
from agentrun.tools.tool import Tool

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


@dataclass(frozen=True)
class ServicePlan:
    """A service that is ready to be built: settings checked, key and address filled in."""

    kind: Kind
    provider: str
    model: str
    settings: Mapping[str, Any]
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None


@dataclass(frozen=True)
class Plan:
    """What `agentrun check` ends with and `agentrun serve` runs."""

    file: SpecFile
    tools: tuple[Tool, ...]
    stt: ServicePlan
    llm: ServicePlan
    tts: ServicePlan
    environ: Mapping[str, str] = field(repr=False)
    offline: bool
    missing: tuple[str, ...]

    @property
    def spec(self) -> AgentSpec:
        return self.file.spec

    def require_keys(self) -> None:
        """Raise SetupError when a variable that a call needs is not set."""
        if self.missing:
            raise SetupError(
                f"{', '.join(self.missing)} is not set, and {self.file.path} needs it",
                f"export {self.missing[0]}=…, or add --offline to run without network and keys",
            )
