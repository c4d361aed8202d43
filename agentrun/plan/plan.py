"""Spec, tools and environment make a plan: everything that can be known before a call."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentrun.errors import Problem, SetupError, SpecError
from agentrun.plan import (
    after_call,
    before_call,
    daily,
    language,
    needed_variables,
    node_services,
    recording,
    secret_values,
    side_models,
    webhook,
)
from agentrun.plan import handoff_targets as team
from agentrun.plan.before_call import BeforeCallPlan
from agentrun.plan.webhook import Webhook
from agentrun.plugins import load, scripted_calls
from agentrun.plugins.call_hooks import CallHooks
from agentrun.plugins.providers import PluginServices
from agentrun.providers.service_plans import APIS, OPENAI, ServicePlan, ServicePlanner
from agentrun.records.audio.destination import RecordingDestination
from agentrun.records.redaction.redaction import Redaction
from agentrun.spec.checks import combinations, flow_graph, required_extras, unused_stages, variables
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.spec.models.agent import AgentSpec, LocalTransport, TwilioTransport
from agentrun.spec.models.daily import DailyTransport
from agentrun.spec.values.addresses import problem_with
from agentrun.tools.mentioned_names import words
from agentrun.tools.tool import Tool

__all__ = ["Plan", "ServicePlan", "make"]

Transport = TwilioTransport | DailyTransport | LocalTransport


@dataclass(frozen=True)
class Plan:
    """What `agentrun check` ends with and `agentrun serve` runs; parts without use in the style are None.

    ``fixed`` speaks words that no model makes, such as the apology. ``transports`` are the spec's with
    their variables filled in. ``missing`` names the variables that a call needs and that are not set;
    ``warnings`` says where each is asked for; ``uninstalled`` what is not installed, with a command.
    ``team`` are the agents that a call may be handed to, by name. ``recording`` is where the sound of
    calls goes, None nowhere; ``analysis`` what is asked after them. ``extraction`` reads the fields of the
    spec, ``before_call`` looks up who calls, and ``nodes`` has what services do in another way at a node.
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
    uninstalled: tuple[tuple[str, str], ...] = ()
    hooks: tuple[CallHooks, ...] = ()
    team: dict[str, Plan] = field(default_factory=dict, repr=False, compare=False)
    webhook: Webhook | None = None
    redaction: Redaction = field(default_factory=Redaction, repr=False)
    recording: RecordingDestination | None = None
    analysis: after_call.AnalysisPlan | None = None
    extraction: ServicePlan | None = None
    before_call: BeforeCallPlan = field(default_factory=BeforeCallPlan)
    nodes: node_services.NodeServices = field(default_factory=dict)

    @property
    def spec(self) -> AgentSpec:
        """The agent."""
        return self.file.spec

    @property
    def daily(self) -> DailyTransport | None:
        """The transport over Daily, with its variables filled in, or None."""
        return next((t for t in self.transports if isinstance(t, DailyTransport)), None)

    @property
    def language(self) -> str:
        """The language that the agent speaks, such as ``en`` or ``de-AT``."""
        return language.of(self.spec, {"tts": self.fixed, "stt": self.stt, "realtime": self.realtime})

    def has_transport(self, kind: str) -> bool:
        """Whether the agent can be reached by ``kind``, such as ``twilio``."""
        return any(transport.type == kind for transport in self.spec.transport)

    def require_keys(self, but: Collection[str] = ()) -> None:
        """Raise SetupError when a variable that a call needs is not set, or a library not installed.

        ``but`` are variables that the host of the agent has no need of.
        """
        for message, command in self.uninstalled:
            raise SetupError(f"{self.file.path}: {message}", command)
        if missing := [name for name in self.missing if name not in but]:
            names, verb = ", ".join(missing), "is" if len(missing) == 1 else "are"
            raise SetupError(
                f"{names} {verb} not set, and {self.file.path} needs {'it' if verb == 'is' else 'them'}",
                f"export {missing[0]}=…, or add --offline to run without network and keys",
            )


def make(
    file: SpecFile,
    tools: Sequence[Tool],
    environ: Mapping[str, str],
    *,
    offline: bool = False,
    public_url: str | None = None,
    import_plugins: bool = True,
    hooks: Sequence[CallHooks] = (),
) -> Plan:
    """The plan of ``file`` and of its handoff targets; raises SpecError with every problem.

    Offline, ``base_url`` and ``api_key`` of the spec give way to those of ``environ``. ``public_url`` wins
    over the spec's. The parts of the other style are checked as well, so that ``--style`` is safe. A plugin
    is imported for a provider that Pipecat doesn't have, unless ``import_plugins`` is false: then nothing is
    said of the settings of a provider that may be a plugin's.
    """
    options: dict[str, Any] = {"offline": offline, "public_url": public_url, "import_plugins": import_plugins}
    targets = team.files(file) if import_plugins else {}
    loaded = {name: load(other) for name, other in targets.items()}
    plan = _make(file, tools, environ, hooks=hooks, known=_names(tools, *loaded.values()), **options)
    others = {name: _make(targets[name], loaded[name], environ, **options) for name in loaded}
    _require_alike(plan, others)
    plan.team.update(others)
    for other in others.values():
        other.team.update({file.spec.name: plan} | others)
    return plan


def _make(
    file: SpecFile,
    tools: Sequence[Tool],
    environ: Mapping[str, str],
    *,
    offline: bool,
    public_url: str | None,
    import_plugins: bool,
    hooks: Sequence[CallHooks] = (),
    known: Sequence[Tool] | None = None,
) -> Plan:
    """The plan of one agent; its tests may name the tools that are ``known``, else its own."""
    own = PluginServices(file, import_plugins=import_plugins).find
    planner = ServicePlanner(file, environ, offline=offline, own=own)
    parts, transports = _parts(file, planner), _transports(file, planner, public_url)
    recorded, nodes = recording.plan(file, planner), node_services.plan(file, planner)
    analysis = after_call.plan(file, planner)
    looked_up = before_call.plan(file, planner, [parts[name] for name in ("stt", "tts", "realtime")])
    needed_variables.find(file, planner, environ)
    sent_to, webhook_problems = webhook.plan(file, environ)
    findings = [*scripted_calls.check(file, known or tools), *webhook_problems, *language.check(file, parts)]
    findings += [*flow_graph.check(file, [t.name for t in tools], words(tools)), *unused_stages.check(file)]
    planner.problems += [*combinations.check(file), *variables.check(file)]
    planner.problems += [one for one in findings if one.severity == "error"]
    if planner.problems:
        raise SpecError(list(dict.fromkeys(planner.problems)))
    return Plan(
        file=file,
        tools=tuple(tools),
        **parts,
        environ=environ,
        offline=offline,
        public_url=next((url for t in transports if (url := getattr(t, "public_url", None))), public_url),
        missing=tuple(dict.fromkeys(unset.name for unset in planner.missing)),
        transports=transports,
        warnings=tuple(dict.fromkeys([*planner.warnings(), *required_extras.missing(file), *findings])),
        uninstalled=tuple(planner.uninstalled.values()),
        hooks=tuple(hooks),
        webhook=sent_to,
        redaction=secret_values.redaction(file, environ, sent_to.url if sent_to else ""),
        recording=recorded,
        analysis=analysis,
        before_call=looked_up,
        nodes=nodes,
    )


def _names(*every: Sequence[Tool]) -> list[Tool]:
    return [tool for tools in every for tool in tools]


def _require_alike(plan: Plan, others: Mapping[str, Plan]) -> None:
    """Raise SpecError for every agent that can't go on where the one before it was."""
    problems: list[Problem] = []
    for one in (plan, *others.values()):
        for index, name in enumerate(one.spec.handoff):
            other = others.get(name, plan)
            if difference := team.difference(_member(one), _member(other)):
                problems.append(one.file.problem(("handoff", index), *difference))
    if problems:
        raise SpecError(problems)


def _member(plan: Plan) -> team.HandoffTarget:
    return team.HandoffTarget(plan.spec, (plan.stt, plan.llm, plan.tts, plan.realtime))


def _parts(file: SpecFile, planner: ServicePlanner) -> dict[str, Any]:
    """The services by name; those that the style has no use for are checked, and None."""
    pipeline = file.spec.pipeline
    cascaded = pipeline.style == "cascaded"
    stt = planner.part("stt", pipeline.stt, used=cascaded) if pipeline.stt else None
    llm = planner.part("llm", pipeline.llm, used=cascaded or side_models.reads_with_llm(file.spec))
    beside = {"extraction": side_models.plan(file.spec, planner, llm)}
    # beside another provider's realtime model, OpenAI's speech is used only where the spec asks for it
    needed = cascaded or "tts" in pipeline.model_fields_set or pipeline.realtime.provider == OPENAI
    tts = planner.part("tts", pipeline.tts, used=needed)
    realtime = planner.part("realtime", pipeline.realtime, used=not cascaded)
    finder = combinations.turn_detection(file)
    if finder is not None and realtime.provider == OPENAI:
        realtime = realtime.with_setting("turn_detection", finder)
    if cascaded:
        return {"stt": stt, "llm": llm, "tts": tts, "realtime": None, "fixed": tts, **beside}
    return {"stt": None, "llm": None, "tts": None, "realtime": realtime, "fixed": tts, **beside}


def _transports(file: SpecFile, planner: ServicePlanner, public_url: str | None) -> tuple[Transport, ...]:
    """The transports with their variables filled in."""
    transports: list[Transport] = []
    for index, transport in enumerate(file.spec.transport):
        planner.address(APIS.get(transport.type, ""), ("transport",))
        if isinstance(transport, DailyTransport):
            transports.append(daily.plan(transport, index, file, planner))
            continue
        if not isinstance(transport, TwilioTransport):
            transports.append(transport)
            continue
        where = ("transport", "public_url")
        if where not in file.places:
            where = ("transport", index, "public_url")  # type: ignore[assignment]
        url = public_url or planner.text(transport.public_url, where)
        if url and (message := problem_with(url)):
            planner.problem(where, message, "write https://voice.example.com")
        transports.append(transport.model_copy(update={"public_url": url.rstrip("/") if url else None}))
    return tuple(transports)
