"""The plan of an agent: spec, tools and environment combined, with everything known before a call."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from agentrun.errors import Problem, SetupError, SpecError
from agentrun.plan import (
    after_call,
    before_call,
    language,
    needed_variables,
    node_services,
    recording,
    secret_values,
    webhook,
)
from agentrun.plan import handoff_targets as targets
from agentrun.plan import services as agent_services
from agentrun.plan import transports as agent_transports
from agentrun.plan.before_call import BeforeCallPlan
from agentrun.plan.checks import english_words, mcp_programs, tool_count
from agentrun.plan.services import AgentServices
from agentrun.plan.webhook import Webhook
from agentrun.plugins import load, scripted_calls
from agentrun.plugins.call_hooks import CallHooks
from agentrun.plugins.providers import PluginServices
from agentrun.providers.service_plans import ServicePlan, ServicePlanner
from agentrun.records.audio.destination import RecordingDestination
from agentrun.records.redaction.redaction import Redaction
from agentrun.spec.checks import combinations, flow_graph, required_extras, unused_stages, variables
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.spec.models.agent import AgentSpec, Transport
from agentrun.spec.models.daily import DailyTransport
from agentrun.tools.mentioned_names import words
from agentrun.tools.tool import Tool

__all__ = ["Plan", "ServicePlan", "make"]


@dataclass(frozen=True)
class Plan:
    """A plan: the result of `agentrun check`, and what `agentrun serve` runs."""

    file: SpecFile
    tools: tuple[Tool, ...]
    stt: ServicePlan | None
    """None if the style does not use it; so are the next three."""
    llm: ServicePlan | None
    tts: ServicePlan | None
    realtime: ServicePlan | None
    fixed: ServicePlan
    """The voice for fixed texts, such as the apology."""
    environ: Mapping[str, str] = field(repr=False)
    offline: bool
    public_url: str | None
    missing: tuple[str, ...]
    """Environment variables that a call needs and that are not set."""
    transports: tuple[Transport, ...] = ()
    """The spec's transports, with their environment variables filled in."""
    warnings: tuple[Problem, ...] = ()
    """Warnings, including the place of each of ``missing`` in the spec."""
    uninstalled: tuple[tuple[str, str], ...] = ()
    """Libraries that are not installed, each with the command that installs it."""
    hooks: tuple[CallHooks, ...] = ()
    handoff_targets: dict[str, Plan] = field(default_factory=dict, repr=False, compare=False)
    """The plans of the handoff targets, by name."""
    webhook: Webhook | None = None
    redaction: Redaction = field(default_factory=Redaction, repr=False)
    recording: RecordingDestination | None = None
    """Where recordings are stored."""
    analysis: after_call.AnalysisPlan | None = None
    """The post-call analysis."""
    extraction: ServicePlan | None = None
    """The model that extracts the fields of ``extract:``."""
    before_call: BeforeCallPlan = field(default_factory=BeforeCallPlan)
    """The look-up of the caller."""
    nodes: node_services.NodeServices = field(default_factory=dict)
    """Service settings of the flow's nodes."""

    @property
    def spec(self) -> AgentSpec:
        """The agent."""
        return self.file.spec

    @property
    def daily(self) -> DailyTransport | None:
        """The Daily transport, with its environment variables filled in, or None."""
        return next((t for t in self.transports if isinstance(t, DailyTransport)), None)

    @property
    def language(self) -> str:
        """The language that the agent speaks, such as ``en`` or ``de-AT``."""
        return language.of(self.spec, (self.fixed, self.stt, self.realtime))

    @property
    def everyone(self) -> list[Plan]:
        """This agent's plan, and those of its handoff targets."""
        return [self, *self.handoff_targets.values()]

    def has_transport(self, kind: str) -> bool:
        """Whether the agent can be reached by ``kind``, such as ``twilio``."""
        return any(transport.type == kind for transport in self.spec.transport)

    def require_keys(self, but: Collection[str] = ()) -> None:
        """Raise SetupError if an environment variable is not set, or a library is not installed.

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
    """Make the plan of ``file`` and of its handoff targets; raises SpecError with all problems.

    Offline, ``base_url`` and ``api_key`` of the spec give way to those of ``environ``. ``public_url`` wins
    over the spec's. The parts of the other style are checked as well, so that ``--style`` is safe. A plugin
    is imported for a provider that Pipecat doesn't have, unless ``import_plugins`` is false: then nothing is
    said of the settings of a provider that may be a plugin's.
    """
    options = _Options(offline, public_url, import_plugins)
    files = targets.files(file) if import_plugins else {}
    loaded = {name: load(other) for name, other in files.items()}
    plan = _make(file, tools, environ, options, hooks, _names(tools, *loaded.values()))
    others = {name: _make(files[name], loaded[name], environ, options) for name in loaded}
    _require_alike(plan, others)
    plan.handoff_targets.update(others)
    for other in others.values():
        other.handoff_targets.update({file.spec.name: plan} | others)
    return plan


@dataclass(frozen=True)
class _Options:
    """Makes plans; see ``make``."""

    offline: bool
    public_url: str | None
    import_plugins: bool


def _make(
    file: SpecFile,
    tools: Sequence[Tool],
    environ: Mapping[str, str],
    options: _Options,
    hooks: Sequence[CallHooks] = (),
    known: Sequence[Tool] | None = None,
) -> Plan:
    """The plan of one agent; its tests may name the tools that are ``known``, else its own."""
    own = PluginServices(file, import_plugins=options.import_plugins).find
    planner = ServicePlanner(file, environ, offline=options.offline, own=own)
    services = agent_services.plan(file, planner)
    transports = agent_transports.plan(file, planner, options.public_url, {} if options.offline else environ)
    recorded, nodes = recording.plan(file, planner), node_services.plan(file, planner)
    analysis = after_call.plan(file, planner)
    looked_up = before_call.plan(file, planner, (services.stt, services.tts, services.realtime))
    needed_variables.find(file, planner, environ)
    sent_to, webhook_problems = webhook.plan(file, environ)
    findings = [*webhook_problems, *_findings(file, tools, known or tools, services, environ)]
    _require_no_errors(file, planner, findings)
    public_urls = (url for t in transports if (url := getattr(t, "public_url", None)))
    return Plan(
        file=file,
        tools=tuple(tools),
        stt=services.stt,
        llm=services.llm,
        tts=services.tts,
        realtime=services.realtime,
        fixed=services.fixed,
        environ=environ,
        offline=options.offline,
        public_url=next(public_urls, options.public_url),
        missing=tuple(dict.fromkeys(unset.name for unset in planner.missing)),
        transports=transports,
        warnings=tuple(dict.fromkeys([*planner.warnings(), *required_extras.missing(file), *findings])),
        uninstalled=tuple(planner.uninstalled.values()),
        hooks=tuple(hooks),
        webhook=sent_to,
        redaction=secret_values.redaction(file, environ, sent_to.url if sent_to else ""),
        recording=recorded,
        analysis=analysis,
        extraction=services.extraction,
        before_call=looked_up,
        nodes=nodes,
    )


def _findings(
    file: SpecFile,
    tools: Sequence[Tool],
    known: Sequence[Tool],
    services: AgentServices,
    environ: Mapping[str, str],
) -> list[Problem]:
    """Errors and warnings that need the tools or the services of the agent, or this machine's programs."""
    return [
        *mcp_programs.check(file, environ),
        *scripted_calls.check(file, known),
        *english_words.check(file, (services.tts, services.stt, services.realtime)),
        *flow_graph.check(file, [tool.name for tool in tools], words(tools)),
        *unused_stages.check(file),
        *tool_count.check(file, (services.llm, services.realtime), tools),
    ]


def _require_no_errors(file: SpecFile, planner: ServicePlanner, findings: Sequence[Problem]) -> None:
    """Raise SpecError with every error of ``findings``, and of what needs neither tools nor services."""
    errors = [finding for finding in findings if finding.severity == "error"]
    if problems := [*planner.problems, *combinations.check(file), *variables.check(file), *errors]:
        raise SpecError(list(dict.fromkeys(problems)))


def _names(*every: Sequence[Tool]) -> list[Tool]:
    return [tool for tools in every for tool in tools]


def _require_alike(plan: Plan, others: Mapping[str, Plan]) -> None:
    """Raise SpecError for every agent that can't go on where the one before it was."""
    problems: list[Problem] = []
    for one in (plan, *others.values()):
        for index, name in enumerate(one.spec.handoff):
            other = others.get(name, plan)
            if difference := targets.difference(_handoff_target(one), _handoff_target(other)):
                problems.append(one.file.problem(("handoff", index), *difference))
    if problems:
        raise SpecError(problems)


def _handoff_target(plan: Plan) -> targets.HandoffTarget:
    return targets.HandoffTarget(plan.spec, (plan.stt, plan.llm, plan.tts, plan.realtime))
