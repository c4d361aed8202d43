"""A call's trace arrives at a collector, by turn and stage, and nobody's words with it."""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agentrun import __version__
from agentrun.distribution import install_extra
from agentrun.errors import SetupError
from agentrun.http.bound_socket import bind
from agentrun.server.observability import metric_export, otlp, tracing
from agentrun.simulate.engines.engines import Answer, ToolCall
from tests.calls.desk import HELLO, QUESTION, STYLES, Desk, open_desk
from tests.server.observability.collector import Collector, collecting

SAID = "My canary is called Zebedee."
"""A busy machine makes no apology of an answer that is late."""
ANSWER = Answer("Zebedee is a lovely name, we open at six.")
LOOK_UP = Answer(calls=(ToolCall("get_hours"),))
WORDS = (b"Zebedee", b"restaurant", b"from six", b"telephone", b"Say when", b"lovely")
"""Of the caller, the greeting, a tool's result, the prompt, a tool's description and an answer."""


def told(span: Span) -> dict[str, object]:
    """A span's attributes."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value") or "") for one in span.attributes}


def counted(collector: Collector, name: str) -> int:
    """How many a histogram that the collector was sent has counted."""
    return sum(point.count for point in collector.metrics()[name].histogram.data_points)


async def talk(desk: Desk) -> str:
    async with desk.caller.call(desk.url) as call:
        await call.hear_greeting(silence=0.5)
        await call.say(QUESTION)
        await call.hear_answer(silence=0.8)
    await desk.finished(call)
    return call.call_sid


async def traced(folder: Path, style: str, **more: str) -> tuple[Collector, str]:
    """A collector after one call, and the call's id."""
    async with collecting() as collector:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **more}
        script = [HELLO, LOOK_UP, ANSWER]
        async with open_desk(folder, script, heard=[SAID], style=style, environ=environ) as desk:
            call = await talk(desk)
    return collector, call


@pytest.mark.parametrize("style", STYLES)
async def test_a_call_is_one_trace_by_turn_and_stage_without_a_word(tmp_path: Path, style: str) -> None:
    collector, call = await traced(tmp_path, style, OTEL_EXPORTER_OTLP_HEADERS="x-tenant=rosa")
    spans = collector.spans()
    assert len({span.trace_id for span in spans}) == 1
    [root] = [span for span in spans if not span.parent_span_id]
    assert root.name == "conversation"
    assert told(root)["conversation.id"] == call
    assert told(root)["agent.name"] == "desk"
    turns = [span for span in spans if span.name == "turn"]
    assert len(turns) >= 2
    assert {span.parent_span_id for span in turns} == {root.span_id}
    assert all("turn.duration_seconds" in told(span) or "turn.number" in told(span) for span in turns)
    stages = {span.name for span in spans if span.parent_span_id in {turn.span_id for turn in turns}}
    wanted = {"stt", "llm", "tts"} if style == "cascaded" else {"llm_response"}
    assert wanted <= stages, stages
    assert any(told(span).get("gen_ai.request.model") for span in spans)
    assert {told(span).get("gen_ai.provider.name", "openai") for span in spans} == {"openai"}
    assert (told(root)["gen_ai.conversation.id"], told(root)["gen_ai.agent.name"]) == (call, "desk")
    asked = {span.name for span in spans if told(span).get("gen_ai.operation.name") == "chat"}
    assert asked == ({"llm"} if style == "cascaded" else {"llm_response"})
    assert collector.resources() == {("agentrun", __version__)}
    [tool] = [span for span in spans if told(span).get("gen_ai.operation.name") == "execute_tool"]
    assert (tool.name, told(tool)["gen_ai.tool.name"]) == ("execute_tool get_hours", "get_hours")
    assert told(tool)["gen_ai.tool.call.id"]
    assert told(tool)["agentrun.tool.status"] == "ok"
    assert tool.parent_span_id in {turn.span_id for turn in turns}
    assert counted(collector, "agentrun_tool_seconds") == 1
    # the greeting, the call of the tool, and the answer
    assert counted(collector, "gen_ai.client.operation.duration") == 3
    if style == "cascaded":
        assert counted(collector, "gen_ai.client.token.usage") == 6
    if style == "cascaded":
        assert {span.name for span in spans if "metrics.ttfb" in told(span)} >= {"llm", "tts"}
    for body in (*collector.bodies, *collector.metric_bodies):
        assert [word for word in WORDS if word.lower() in body.lower()] == []
    assert set(collector.headers) == {"rosa"}


async def test_words_are_sent_to_those_who_ask_for_them(tmp_path: Path) -> None:
    collector, _ = await traced(tmp_path, "cascaded", AGENTRUN_TRACE_CONTENT="1")
    assert any(b"Zebedee" in body for body in collector.bodies)
    [tool] = [told(span) for span in collector.spans() if span.name == "execute_tool get_hours"]
    assert (tool["gen_ai.tool.call.arguments"], tool["gen_ai.tool.call.result"]) == (
        "{}",
        "from six to eleven",
    )


@pytest.mark.parametrize("silent", [False, True], ids=["nobody-there", "never-answers"])
async def test_a_dead_collector_delays_no_call_and_the_end_but_little(tmp_path: Path, silent: bool) -> None:
    sock = bind("127.0.0.1", 0)
    if silent:
        sock.listen()
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{sock.getsockname()[1]}"}
    with contextlib.closing(sock):
        async with open_desk(tmp_path, [HELLO, ANSWER], environ=environ) as desk:
            async with desk.caller.call(desk.url) as call:
                await call.hear_greeting(silence=0.5)
                await call.say(QUESTION)
                await call.hear_answer(silence=0.8)
            record = await desk.finished(call)
            ended = time.monotonic()
        assert time.monotonic() - ended < tracing.CLOSE_SECONDS + metric_export.CLOSE_SECONDS + 8
    assert record.errors == []
    assert record.ended_by == "caller"


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT: "),
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "'zipkin' is not one of otlp, none"),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "'grpc' is not"),
    ],
)
def test_what_can_not_be_done_is_an_error_with_its_variable(environ: dict[str, str], words: str) -> None:
    with pytest.raises(SetupError, match=words):
        otlp.address(environ, "traces")


def test_traces_go_where_the_variables_say() -> None:
    base, whole = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
    assert otlp.address({}, "traces") is None
    assert otlp.address({base: "https://o.example.com/"}, "traces") == "https://o.example.com/v1/traces"
    assert otlp.address({base: "http://a", whole: "http://b/in"}, "traces") == "http://b/in"
    assert otlp.address({"OTEL_TRACES_EXPORTER": "otlp"}, "traces") == "http://localhost:4318/v1/traces"
    assert otlp.address({base: "http://a", "OTEL_SDK_DISABLED": "true"}, "traces") is None
    assert otlp.address({base: "http://a", "OTEL_TRACES_EXPORTER": "none"}, "traces") is None


async def test_a_missing_library_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(SetupError) as caught:
        async with tracing.exporting({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}):
            pass
    assert "is not installed" in str(caught.value)
    assert install_extra("tracing") in str(caught.value)
