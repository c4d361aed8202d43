"""Pipecat's worker for one call."""

from __future__ import annotations

from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frameworks.rtvi.observer import RTVIFunctionCallReportLevel, RTVIObserverParams

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.session.loop_clock import LoopClock
from agentrun.spec.models.agent import AgentSpec
from agentrun.transports.connection import Connection


def make(
    spec: AgentSpec, parts: PipelineParts, connection: Connection, *, traced: bool = False
) -> PipelineWorker:
    """A worker that runs ``parts`` at the sample rates of ``connection``; only pages get RTVI messages.

    ``traced`` adds OpenTelemetry spans for the call, its turns and its services.
    """
    worker = PipelineWorker(
        parts.pipeline,
        name=connection.call.id,
        clock=LoopClock(),
        params=PipelineParams(
            audio_in_sample_rate=connection.sample_rate_in,
            audio_out_sample_rate=connection.sample_rate_out,
            enable_metrics=traced,
            enable_usage_metrics=True,
        ),
        enable_rtvi=connection.rtvi,
        rtvi_observer_params=RTVIObserverParams(
            function_call_report_level={"*": RTVIFunctionCallReportLevel.NAME}, metrics_enabled=False
        ),
        enable_turn_tracking=traced,
        enable_tracing=traced,
        conversation_id=connection.call.id,
        additional_span_attributes={"agent.name": spec.name},
        idle_timeout_secs=spec.limits.idle_timeout,
        cancel_on_idle_timeout=False,  # the session does, unless the caller was told to take their time
    )
    if not connection.written:
        pipecat_private.watch_speakers_alone(worker, connection.transport.output(), parts.aggregators.user())
    return worker
