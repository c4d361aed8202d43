"""Changes the services of a call to the settings of the current flow node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pipecat.frames.frames import (
    LLMUpdateSettingsFrame,
    ServiceUpdateSettingsFrame,
    STTUpdateSettingsFrame,
    TTSUpdateSettingsFrame,
)
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.utils.types import NOT_GIVEN

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.failover.failover import Failover
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.pipeline.realtime import pipeline as realtime
from agentrun.pipeline.services import build as services
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.pipeline.turns.strategies import words_mute
from agentrun.plan.plan import Plan, ServicePlan
from agentrun.providers.service import Kind

_FRAMES: dict[Kind, type[ServiceUpdateSettingsFrame[Any]]] = {
    "stt": STTUpdateSettingsFrame,
    "llm": LLMUpdateSettingsFrame,
    "tts": TTSUpdateSettingsFrame,
    "realtime": LLMUpdateSettingsFrame,
}


class NodeServices:
    """Has a call's services work as each node says, and as the agent does where it says nothing.

    ``plan`` is how the agent works.
    """

    def __init__(self, plan: Plan, parts: PipelineParts, resources: Resources) -> None:
        self._base = plan
        self._parts = parts
        self._resources = resources
        self._now: dict[Kind, ServicePlan | None] = {}
        self.go_on_as(plan)

    def go_on_as(self, plan: Plan) -> None:
        """The services have been told to work as ``plan`` says, which was chosen for the caller."""
        self._base = plan
        self._now = {kind: getattr(plan, kind) for kind in _FRAMES}

    def at(self, name: str) -> Iterator[ServiceUpdateSettingsFrame[Any]]:
        """What has to be told on the way to the node ``name``; the caller's interruptions change at once."""
        assert self._base.spec.flow is not None  # noqa: S101
        node = self._base.spec.flow.nodes[name]
        allowed = self.interruptions(name)
        caller = self._parts.aggregators.user()
        pipecat_private.allow_interruptions(caller, allowed)
        self.mute((not allowed and node.then is not None) or self._nobody_waits(name))
        for kind, now in self._now.items():
            own: ServicePlan | None = getattr(self._base, kind)
            change = self._base.nodes.get(name, {}).get(kind)
            wanted = change.of(own) if change and own else own
            if wanted and wanted != now:
                self._now[kind] = wanted
                yield from self._setting_updates(kind, wanted)

    def interruptions(self, name: str) -> bool:
        """Whether the caller may interrupt the agent at the node ``name``."""
        flow, turns = self._base.spec.flow, self._base.spec.turns
        own = flow.nodes[name].interruptions if flow else None
        return turns.interruptions if own is None else own

    def _nobody_waits(self, name: str) -> bool:
        """Whether what the caller says or presses from here on is answered nowhere."""
        flow, keys = self._base.spec.flow, self._base.spec.turns.keys
        return flow is not None and flow.is_last(name) and not (keys and any(keys.ways))

    def mute(self, muted: bool) -> None:
        """Whether the caller is not listened to: while words are said that nobody can interrupt or answer."""
        words_mute(self._parts.aggregators.user()).for_words = muted

    def _setting_updates(self, kind: Kind, plan: ServicePlan) -> Iterator[ServiceUpdateSettingsFrame[Any]]:
        """The settings for the service itself; one that stands behind it keeps its own."""
        part = self._parts.stt if kind == "stt" else self._parts.tts if kind == "tts" else self._parts.llm
        if part is None or not pipecat_private.has_settings(part):
            return
        service = part.members[0].service if isinstance(part, Failover) else part
        delta = pipecat_private.settings_of(self._service_like(kind, plan, service))
        if kind in ("llm", "realtime"):
            delta.system_instruction = NOT_GIVEN
        if kind == "realtime":
            delta.session_properties.instructions = None
        frame = _FRAMES[kind](delta=delta, service=service)
        frame.reach_inactive_services = True
        frame.interruptible = False
        yield frame

    def _service_like(self, kind: Kind, plan: ServicePlan, service: FrameProcessor) -> FrameProcessor:
        """A service like the one that runs, for its settings alone."""
        if kind == "realtime":
            assert isinstance(service, OpenAIRealtimeLLMService)  # noqa: S101
            modalities = pipecat_private.realtime_modalities(service)
            return realtime.service(plan, "", type(service), modalities)
        make: dict[Kind, Callable[[], FrameProcessor]] = {
            "stt": lambda: services.stt(plan, self._resources),
            "llm": lambda: services.llm(plan, "", self._resources),
            "tts": lambda: services.tts(plan, self._resources),
        }
        return make[kind]()
