"""Spec, tools and environment make a plan: everything that can be known before a call."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from agentrun.errors import Problem, SetupError, SpecError
from agentrun.providers import catalogue, settings
from agentrun.providers.catalogue import Kind
from agentrun.spec.file import SpecFile, Where
from agentrun.spec.models import AgentSpec, TwilioTransport
from agentrun.spec.pipeline import ServiceSpec
from agentrun.spec.problems import closest
from agentrun.tools.tool import Tool

KEY = "OPENAI_API_KEY"
ADDRESS = "OPENAI_BASE_URL"
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
    """What `agentrun check` ends with and `agentrun serve` runs; parts that the style has no use for are None.

    ``fixed`` speaks words that no model makes, such as the apology. ``missing`` names the variables that
    a call needs and that are not set.
    """

    file: SpecFile
    tools: tuple[Tool, ...]
    stt: ServicePlan | None
    llm: ServicePlan | None
    tts: ServicePlan | None
    realtime: ServicePlan | None
    fixed: ServicePlan
    environ: Mapping[str, str] = field(repr=False)
    offline: bool
    public_url: str | None
    missing: tuple[str, ...]

    @property
    def spec(self) -> AgentSpec:
        """The agent."""
        return self.file.spec

    def has_transport(self, kind: str) -> bool:
        """Whether the agent can be reached by ``kind``, such as ``twilio``."""
        return any(transport.type == kind for transport in self.spec.transport)

    def require_keys(self) -> None:
        """Raise SetupError when a variable that a call needs is not set."""
        if self.missing:
            raise SetupError(
                f"{', '.join(self.missing)} is not set, and {self.file.path} needs it",
                f"export {self.missing[0]}=…, or add --offline to run without network and keys",
            )


def make(
    file: SpecFile,
    tools: Sequence[Tool],
    environ: Mapping[str, str],
    *,
    offline: bool = False,
    public_url: str | None = None,
) -> Plan:
    """The plan of ``file``; raises SpecError with every problem.

    Offline, ``base_url`` and ``api_key`` of the spec give way to those of ``environ``.
    """
    planner = _Planner(file, environ, offline)
    spec, part = file.spec.pipeline, planner.part
    cascaded = spec.style == "cascaded"
    tts = part("tts", spec.tts)
    plan = Plan(
        file=file,
        tools=tuple(tools),
        stt=part("stt", spec.stt) if cascaded and spec.stt else None,
        llm=part("llm", spec.llm) if cascaded else None,
        tts=tts if cascaded else None,
        realtime=None if cascaded else part("realtime", spec.realtime),
        fixed=tts,
        environ=environ,
        offline=offline,
        public_url=planner.public_url(public_url),
        missing=tuple(dict.fromkeys(planner.missing)),
    )
    planner.check_style()
    if planner.problems:
        raise SpecError(planner.problems)
    return plan


class _Planner:
    """Collects the problems and the missing variables of one plan."""

    def __init__(self, file: SpecFile, environ: Mapping[str, str], offline: bool) -> None:
        self.problems: list[Problem] = []
        self.missing: list[str] = []
        self._file = file
        self._environ = environ
        self._offline = offline

    def part(self, kind: Kind, spec: ServiceSpec) -> ServicePlan:
        where: Where = ("pipeline", kind)
        service = catalogue.find(kind, spec.provider)
        given = {key: self._expand(value) for key, value in spec.settings.items()}
        if service is None:
            known = catalogue.providers(kind)
            hint = closest(spec.provider, known) or f"there are: {', '.join(known)}"
            self._problem((*where, "model"), f"there is no provider '{spec.provider}' for {kind}", hint)
        else:
            for below, message, hint in settings.check(service, given):
                self._problem((*where, *below), message, hint)
        key, address = given.pop("api_key", None), given.pop("base_url", None)
        if self._offline or not key:
            key = self._environ.get(KEY)
            if not key:
                self.missing.append(KEY)
        if self._offline or not address:
            address = self._environ.get(ADDRESS) or None
        return ServicePlan(kind, spec.provider, spec.model_name, given, key, address)

    def public_url(self, override: str | None) -> str | None:
        for index, transport in enumerate(self._file.spec.transport):
            if not isinstance(transport, TwilioTransport):
                continue
            url = override or self._expand(transport.public_url)
            if not url:
                return None
            parts = urlsplit(url)
            if parts.scheme not in ("https", "http") or not parts.netloc:
                where = ("transport", "public_url") if not override else ("transport", index)
                self._problem(where, f"'{url}' is not an address", "write https://voice.example.com")
            return str(url)
        return override

    def check_style(self) -> None:
        """What doesn't go together."""
        spec = self._file.spec.pipeline
        places = self._file.places
        if spec.llm.hears_audio and spec.stt is not None and ("pipeline", "stt") in places:
            self._problem(
                ("pipeline", "stt"),
                f"{spec.llm.model} hears the caller itself and takes no stt",
                "leave stt out, or choose a text model such as openai/gpt-4o",
            )
        if spec.stt:
            self._check_stt(spec.stt)

    def _check_stt(self, stt: ServiceSpec) -> None:
        model, given = stt.model_name, stt.settings
        if "keywords" in given and model != "gpt-transcribe":
            self._problem(
                ("pipeline", "stt", "keywords"), f"{model} takes no keywords", "gpt-transcribe does"
            )
        if "prompt" in given and model == "gpt-realtime-whisper":
            self._problem(("pipeline", "stt", "prompt"), f"{model} takes no prompt", "gpt-4o-transcribe does")
        if "noise_reduction" in given and not given.get("streaming"):
            message = "noise reduction works with streaming only"
            self._problem(("pipeline", "stt", "noise_reduction"), message, "add streaming: true")

    def _expand(self, value: Any) -> Any:
        """``${NAME}`` and ``${NAME:-default}`` from the environment."""
        if not isinstance(value, str):
            return value

        def replace(match: re.Match[str]) -> str:
            name, default = match[1], match[2]
            found = self._environ.get(name) or default
            if found is None:
                self.missing.append(name)
            return found or ""

        return _VARIABLE.sub(replace, value)

    def _problem(self, where: Where, message: str, hint: str) -> None:
        self.problems.append(self._file.problem(where, message, hint))
