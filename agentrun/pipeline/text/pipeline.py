"""A line without sound: the same model, tools and turns, with written words at both ends.

transport in -> reader -> caller's words -> llm -> writer -> transport out -> agent's words
"""

from __future__ import annotations

from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import Frame, LLMContextFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_context import LLMContext, LLMStandardMessage
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

from agentrun.errors import SetupError
from agentrun.pipeline import context_size, pipecat_private
from agentrun.pipeline.flows.flow_worker import AggregatorBypass
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.pipeline.realtime import pipeline as realtime
from agentrun.pipeline.services import build as services
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.pipeline.session_listener import SessionListener
from agentrun.pipeline.text import speech_text, text_input_output
from agentrun.pipeline.tools import functions
from agentrun.pipeline.turns import strategies
from agentrun.plan.plan import Plan
from agentrun.providers.service_plans import OPENAI
from agentrun.transports.connection import Connection

_CANCEL_SECONDS = 2.0


class TextRealtime(OpenAIRealtimeLLMService):
    """A realtime model that is written to: it hears no sound that would tell it of a turn."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, text_input_output.TextTurnFrame):
            await self._take(frame.text)

    async def _take(self, text: str) -> None:
        if pipecat_private.realtime_is_answering(self):
            await self.send_client_event(events.ResponseCancelEvent())
            await pipecat_private.wait_until_answering(self, False, _CANCEL_SECONDS)
        content = [events.ItemContent(type="input_text", text=text)]
        item = events.ConversationItem(type="message", role="user", content=content)
        await self.send_client_event(events.ConversationItemCreateEvent(item=item))
        await self.send_client_event(events.ResponseCreateEvent())


def build(
    plan: Plan, instructions: str, connection: Connection, resources: Resources, listener: SessionListener
) -> PipelineParts:
    """The processors of one written conversation, in the order in which a frame passes them."""
    spec, transport = plan.spec, connection.transport
    llm: FrameProcessor
    if plan.realtime and plan.realtime.provider != OPENAI:
        message = f"{plan.realtime.provider}'s realtime models can't be written to"
        raise SetupError(message, "call the agent, or write to it with --style cascaded")
    if plan.realtime:
        # nobody speaks: a session whose turns are found here would answer once more for the sound
        written = plan.realtime.with_setting("turn_detection", "semantic")
        llm = realtime.service(written, instructions, TextRealtime, modalities=["text"])
    else:
        assert plan.llm  # noqa: S101
        llm = services.llm(plan.llm, instructions, resources)
    context = LLMContext(
        tools=ToolsSchema(standard_tools=functions.schemas(plan.tools, connection.call, listener))
    )
    aggregators = LLMContextAggregatorPair(
        context,
        user_params=LLMUserAggregatorParams(
            user_turn_strategies=text_input_output.strategies(spec.turns, counts_words=plan.realtime is None),
            user_mute_strategies=strategies.mute_strategies(spec),
            user_idle_timeout=strategies.idle_after(spec),
        ),
        assistant_params=context_size.assistant_params(spec),
    )
    reader, writer = text_input_output.TextReader(), text_input_output.TextWriter(connection.pace)
    if isinstance(llm, TextRealtime):
        _pass_turns(llm, reader, context, aggregators)
    passage = [AggregatorBypass()] if spec.flow or spec.turns.keys else []
    text = speech_text.of(plan)
    hidden = speech_text.HiddenTextFilter(text, listener.unsaid, writes=True)
    processors = [transport.input(), reader, aggregators.user(), *passage, llm, hidden, writer]
    pipeline = Pipeline([*processors, transport.output(), aggregators.assistant()])
    return PipelineParts(pipeline, context, aggregators, llm, tts=writer, text=text)


def _pass_turns(
    llm: TextRealtime,
    reader: text_input_output.TextReader,
    context: LLMContext,
    aggregators: LLMContextAggregatorPair,
) -> None:
    """Give the model each turn; the first of a conversation that it did not begin comes with the context."""

    async def written(*_: object) -> None:
        if pipecat_private.realtime_has_context(llm):
            await llm.queue_frame(text_input_output.TextTurnFrame(reader.words))
            return
        turn: LLMStandardMessage = {"role": "user", "content": reader.words}
        conversation = LLMContext([*context.get_messages(), turn], tools=context.tools)
        await llm.queue_frame(LLMContextFrame(conversation))

    aggregators.user().add_event_handler("on_user_turn_stopped", written)
