"""Cascaded: speech to text, language model, text to speech.

transport in -> stt -> user's words -> llm -> tts -> transport out -> agent's words
"""

from __future__ import annotations

from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair

from agentrun.pipeline import services, tools, turns
from agentrun.pipeline.parts import Parts
from agentrun.pipeline.resources import Resources
from agentrun.pipeline.tools import ToolListener
from agentrun.plan import Plan
from agentrun.transports.connection import Connection


def build(
    plan: Plan, instructions: str, connection: Connection, resources: Resources, listener: ToolListener
) -> Parts:
    """The processors of one call, in the order in which a frame passes them."""
    assert plan.stt and plan.llm and plan.tts  # noqa: S101, PT018
    spec, transport = plan.spec, connection.transport
    stt = services.stt(plan.stt, resources)
    llm = services.llm(plan.llm, instructions, resources)
    tts = services.tts(plan.tts, resources)
    context = LLMContext(
        tools=ToolsSchema(standard_tools=tools.schemas(plan.tools, connection.call, listener))
    )
    aggregators = LLMContextAggregatorPair(context, user_params=turns.user_params(spec, resources))
    pipeline = Pipeline(
        [
            transport.input(),
            stt,
            aggregators.user(),
            llm,
            tts,
            transport.output(),
            aggregators.assistant(),
        ]
    )
    return Parts(pipeline, context, aggregators, llm, stt, tts)
