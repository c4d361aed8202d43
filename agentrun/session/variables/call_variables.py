"""The variables of one call, visible to prompts at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from typing import Any, Protocol

from loguru import logger
from pipecat.frames.frames import LLMUpdateSettingsFrame
from pipecat.services.settings import LLMSettings

from agentrun.call import Call
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan.plan import Plan
from agentrun.records import CallRecord, storable
from agentrun.session import prompts
from agentrun.session.prompts import CallPrompts
from agentrun.session.variables import before_call
from agentrun.session.variables.before_call import BeforeCall
from agentrun.session.variables.extraction import Extraction
from agentrun.spec.models.tools.extracted_fields import ExtractedField
from agentrun.spec.values import placeholders, templates, variables
from agentrun.tools.results.outcome import Outcome
from agentrun.tools.tool import Tool


class Flow(Protocol):
    """What variables need to know of the flow's current node."""

    @property
    def role(self) -> str | None:
        """Who the agent is there, as the spec has it, where that is not `prompts.system`."""

    @property
    def fields(self) -> Mapping[str, ExtractedField]:
        """The fields that are extracted there."""


class _Spoken(Protocol):
    """A transcript that tells of the caller's words."""

    on_caller: Any
    on_noise: Any


class CallVariables:
    """Values by name: the spec's first values, and over them what tools have saved or put into ``call.state``
    and what was read from the conversation. What is found out stands in ``call.state`` and in the record.

    A value that changes changes what the model is told from its next answer on.
    """

    def __init__(
        self,
        plan: Plan,
        call: Call,
        record: CallRecord,
        resources: Resources,
        begun: BeforeCall | None = None,
    ) -> None:
        self._spec, self._call, self._record = plan.spec, call, record
        self._now = datetime.now().astimezone()
        self._parts: PipelineParts | None = None
        self._flow: Flow | None = None
        self._told, self._is_whole = "", True
        self._plan = plan
        # one that came over the telephone has been begun while it rang
        self._before = begun or BeforeCall(plan, call, resources.web)
        self._asks = record.direction == "inbound" and begun is None
        self._extraction = Extraction(plan, record, resources, self._fields, self._known, self.put)

    def begin(self) -> None:
        """The call begins, and whoever has begun it closes this: the caller is looked up."""
        if self._asks:
            self._before.begin()

    def prompts(self) -> CallPrompts:
        """The prompts with the current values; the record says what could not be rendered."""
        filled = prompts.fill(self._spec, self._call, self.values, self._now)
        for trouble in filled.troubles:
            if (line := f"not_told: {trouble}") not in self._record.errors:
                self._note(line)
        self._told, self._is_whole = filled.system, not filled.troubles
        return filled

    def open(self, parts: PipelineParts, flow: Flow | None, transcript: _Spoken) -> None:
        """Connect to the pipeline: changes go to its model, and fields are extracted from transcripts."""
        self._parts, self._flow = parts, flow
        transcript.on_caller, transcript.on_noise = self._extraction.words_added, self._extraction.no_words

    async def look_up(self, go_on_with: Callable[[Plan, str], Awaitable[None]]) -> str:
        """Wait for the look-up of the caller; returns the words of a refusal, or an empty string.

        ``go_on_with`` has the services work as a plan says, where a voice or a language is chosen.
        """
        result = await self._before.found()
        for trouble in result.troubles:
            self._note(trouble)
        await self.put(result.values)
        if result.refusal:
            return result.refusal
        choice = before_call.choice(self._plan, self.names())
        if choice is None or choice.refuse:
            return choice.refuse or "" if choice else ""
        await go_on_with(before_call.with_choice(self._plan, choice), self.prompts().system)
        return ""

    def go_on_as(self, plan: Plan) -> str:
        """Switch to the agent of ``plan``; returns its system prompt."""
        self._spec, self._flow = plan.spec, None
        self._extraction.go_on_as(plan)
        return self.prompts().system

    @property
    def values(self) -> dict[str, Any]:
        """The variables that prompts can use; None for those without a value yet."""
        first = {**dict.fromkeys(variables.found_out(self._spec)), **self._spec.vars}
        return {name: self._value(name, value) for name, value in first.items()}

    def names(self) -> dict[str, Any]:
        """What a flow's texts and conditions can name: that, and what else tools put into the state."""
        return templates.names(self._call, {**self._call.state, **self.values}, self._now)

    async def put(self, found: Mapping[str, Any]) -> None:
        """Set variables; None resets one to its initial value."""
        for name, value in found.items():
            self._call.state[name] = value
        await self._tell()

    async def tool_gave(self, tool: Tool, outcome: Outcome) -> None:
        """Set the variables that ``save:`` takes from the result of a successful tool call."""
        if tool.save and outcome.status == "ok":
            from agentrun.tools.results import saved_values

            values, troubles = saved_values.read(tool.save, outcome.data)
            for trouble in troubles:
                self._note(f"not_saved: {tool.name}: {trouble}")
            self._call.state.update(values)
        await self._tell()

    async def settled(self, names: Collection[str]) -> None:
        """Wait a moment for those of ``names`` that are being extracted from the caller's last words."""
        if not {path.partition(".")[0] for path in names}.isdisjoint(self._fields()):
            await self._extraction.settled()

    def words_come(self) -> None:
        """A turn of the caller has ended; its transcript comes later."""
        self._extraction.words_come()

    async def close(self) -> None:
        """At the end of the call, wait a moment for the extraction under way."""
        self._parts = None
        self._before.close()
        await self._extraction.close()

    def _value(self, name: str, first: Any) -> Any:
        value = self._call.state.get(name)
        return first if value is None else value

    def _known(self) -> dict[str, Any]:
        """The values that the call has set so far."""
        names = variables.found_out(self._spec)
        return {name: value for name in names if (value := self._call.state.get(name)) is not None}

    def _fields(self) -> dict[str, ExtractedField]:
        """The fields that are extracted at the moment."""
        return {**self._spec.extract, **(self._flow.fields if self._flow else {})}

    async def _tell(self) -> None:
        """Update the model's instructions if the current values change them."""
        values = storable.storable(self._known())
        if values != self._record.variables:
            self._record.variables = values
        system = self._system()
        if self._parts is None or system is None or system == self._told:
            return
        self._told = system
        frame = LLMUpdateSettingsFrame(delta=LLMSettings(system_instruction=system))
        frame.reach_inactive_services = True
        await self._parts.llm.queue_frame(frame)

    def _system(self) -> str | None:
        """The model's instructions; None if they can't be rendered with these values."""
        role = self._flow.role if self._flow else None
        if role is None:
            filled = prompts.fill(self._spec, self._call, self.values, self._now)
            if not (filled.troubles and self._is_whole):
                return filled.system
            self._note(f"not_told: {filled.troubles[0]}")
            return None
        try:
            return placeholders.fill(role, self.names())
        except placeholders.MissingValueError as error:
            self._note(f"not_told: a prompt can't be filled in with these values: {type(error).__name__}")
            return None

    def _note(self, trouble: str) -> None:
        logger.debug("call {}: {}", self._call.id, trouble)
        self._record.errors.append(trouble)
