"""Spec, tools and environment make a plan: everything that can be known before a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentrun.errors import Problem, SetupError, SpecError
from agentrun.plugins import tested
from agentrun.plugins.providers import PluginServices
from agentrun.providers import daily, installed, secrecy, webhook
from agentrun.providers.parts import OPENAI, PartsPlanner, ServicePlan
from agentrun.providers.service import Service
from agentrun.providers.variables import unset
from agentrun.providers.webhook import Webhook
from agentrun.record.redaction import Redaction
from agentrun.spec import extras, rules
from agentrun.spec.address import problem_with
from agentrun.spec.daily import DailyTransport
from agentrun.spec.file import SpecFile
from agentrun.spec.models import AgentSpec, LocalTransport, TwilioTransport
from agentrun.tools.tool import Tool

__all__ = ["Plan", "ServicePlan", "make"]

Transport = TwilioTransport | DailyTransport | LocalTransport


@dataclass(frozen=True)
class Plan:
    """What `agentrun check` ends with and `agentrun serve` runs; parts without use in the style are None.

    ``fixed`` speaks words that no model makes, such as the apology. ``transports`` are the spec's with
    their variables filled in. ``missing`` names the variables that a call needs and that are not set;
    ``warnings`` says where each is asked for; ``uninstalled`` are services whose libraries are not there.
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
    transports: tuple[Transport, ...] = ()
    warnings: tuple[Problem, ...] = ()
    uninstalled: tuple[Service, ...] = ()
    webhook: Webhook | None = None
    redaction: Redaction = field(default_factory=Redaction, repr=False)

    @property
    def spec(self) -> AgentSpec:
        """The agent."""
        return self.file.spec

    @property
    def daily(self) -> DailyTransport | None:
        """The transport over Daily, with its variables filled in, or None."""
        return next((t for t in self.transports if isinstance(t, DailyTransport)), None)

    def has_transport(self, kind: str) -> bool:
        """Whether the agent can be reached by ``kind``, such as ``twilio``."""
        return any(transport.type == kind for transport in self.spec.transport)

    def require_keys(self) -> None:
        """Raise SetupError when a variable that a call needs is not set, or a library not installed."""
        for service in self.uninstalled:
            message = f"{self.file.path} needs {service.label}, whose libraries are not installed"
            raise SetupError(message, installed.command(service))
        if self.missing:
            names, verb = ", ".join(self.missing), "is" if len(self.missing) == 1 else "are"
            raise SetupError(
                f"{names} {verb} not set, and {self.file.path} needs {'it' if verb == 'is' else 'them'}",
                f"export {self.missing[0]}=…, or add --offline to run without network and keys",
            )


def make(
    file: SpecFile,
    tools: Sequence[Tool],
    environ: Mapping[str, str],
    *,
    offline: bool = False,
    public_url: str | None = None,
    import_plugins: bool = True,
) -> Plan:
    """The plan of ``file``; raises SpecError with every problem.

    Offline, ``base_url`` and ``api_key`` of the spec give way to those of ``environ``. ``public_url`` wins
    over the spec's. The parts of the other style are checked as well, so that ``--style`` is safe. A plugin
    is imported for a provider that Pipecat doesn't have, unless ``import_plugins`` is false: then nothing is
    said of the settings of a provider that may be a plugin's.
    """
    own = PluginServices(file, import_plugins=import_plugins).find
    planner = PartsPlanner(file, environ, offline=offline, own=own)
    parts = _parts(file, planner)
    transports = _transports(file, planner, public_url)
    _find_variables(file, planner, environ)
    sent_to, found = webhook.plan(file, environ)
    said = [*tested.check(file, tools), *found]
    planner.problems += [*rules.check(file), *(one for one in said if one.severity == "error")]
    if planner.problems:
        raise SpecError(planner.problems)
    return Plan(
        file=file,
        tools=tuple(tools),
        **parts,
        environ=environ,
        offline=offline,
        public_url=_public_url(transports, public_url),
        missing=tuple(dict.fromkeys(unset.name for unset in planner.missing)),
        transports=transports,
        warnings=tuple(dict.fromkeys([*planner.warnings(), *extras.missing(file), *said])),
        uninstalled=tuple(planner.uninstalled.values()),
        webhook=sent_to,
        redaction=secrecy.redaction(file, environ, sent_to.url if sent_to else ""),
    )


def _parts(file: SpecFile, planner: PartsPlanner) -> dict[str, Any]:
    """The services by name; those that the style has no use for are checked, and None."""
    pipeline = file.spec.pipeline
    cascaded = pipeline.style == "cascaded"
    stt = planner.part("stt", pipeline.stt, used=cascaded) if pipeline.stt else None
    llm = planner.part("llm", pipeline.llm, used=cascaded)
    # beside another provider's realtime model, OpenAI's speech is used only where the spec asks for it
    needed = cascaded or "tts" in pipeline.model_fields_set or pipeline.realtime.provider == OPENAI
    tts = planner.part("tts", pipeline.tts, used=needed)
    realtime = planner.part("realtime", pipeline.realtime, used=not cascaded)
    finder = rules.turn_detection(file)
    if finder is not None and realtime.provider == OPENAI:
        realtime = realtime.with_setting("turn_detection", finder)
    if cascaded:
        return {"stt": stt, "llm": llm, "tts": tts, "realtime": None, "fixed": tts}
    return {"stt": None, "llm": None, "tts": None, "realtime": realtime, "fixed": tts}


def _transports(file: SpecFile, planner: PartsPlanner, public_url: str | None) -> tuple[Transport, ...]:
    """The transports with their variables filled in."""
    found: list[Transport] = []
    for index, transport in enumerate(file.spec.transport):
        if isinstance(transport, DailyTransport):
            found.append(daily.plan(transport, index, file, planner))
            continue
        if not isinstance(transport, TwilioTransport):
            found.append(transport)
            continue
        where = ("transport", "public_url")
        if where not in file.places:
            where = ("transport", index, "public_url")  # type: ignore[assignment]
        url = public_url or planner.text(transport.public_url, where)
        if url and (message := problem_with(url)):
            planner.problem(where, message, "write https://voice.example.com")
        found.append(transport.model_copy(update={"public_url": url.rstrip("/") if url else None}))
    return tuple(found)


def _find_variables(file: SpecFile, planner: PartsPlanner, environ: Mapping[str, str]) -> None:
    """Have the variables missed that the settings of built-in tools name and that are not set."""
    for index, entry in enumerate(file.spec.tools):
        for found in unset(entry.settings, environ, ("tools", index)):
            planner.need(found)


def _public_url(transports: Sequence[Transport], override: str | None) -> str | None:
    urls = [t.public_url for t in transports if isinstance(t, TwilioTransport)]
    return next((url for url in urls if url), override)
