"""A telephone bot as it is written by hand after Pipecat's own templates: what agentrun is measured against.

``python benchmarks/handwritten_bot.py cascaded|realtime SILENCE_MS telephone|default``: serves on a free
loopback port, which it prints. Metrics, and with ``telephone`` the rates, are those of Pipecat 1.14's
telephony template; the rest is Pipecat's default.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket
from loguru import logger
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import LLMRunFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.runner.utils import parse_telephony_websocket
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner

STYLE, SILENCE_MS, RATES = sys.argv[1], int(sys.argv[2]), sys.argv[3]
KEY, ADDRESS = os.environ["OPENAI_API_KEY"], os.environ["OPENAI_BASE_URL"]
SYSTEM = "You answer the telephone of a restaurant."
TOOL_URL = os.environ["RESTAURANT_URL"]
app, http = FastAPI(), httpx.AsyncClient()


async def get_hours(params: FunctionCallParams) -> None:
    """Say when the restaurant is open."""
    answer = await http.get(f"{TOOL_URL}/get_hours")
    await params.result_callback(answer.json())


def tools() -> ToolsSchema:
    """Two tools, as agentrun's agent has them."""
    names = ("get_hours", "get_menu")
    made = [FunctionSchema(name, "Look it up.", {}, [], handler=get_hours) for name in names]
    return ToolsSchema(standard_tools=made)


def cascaded(context: LLMContext, transport: FastAPIWebsocketTransport) -> Pipeline:
    """Speech to text, a language model, text to speech."""
    params = LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    aggregators = LLMContextAggregatorPair(context, user_params=params)
    stt = OpenAISTTService(
        api_key=KEY, base_url=ADDRESS, settings=OpenAISTTService.Settings(model="gpt-4o-transcribe")
    )
    settings = OpenAILLMService.Settings(model="gpt-4o", system_instruction=SYSTEM)
    llm = OpenAILLMService(api_key=KEY, base_url=ADDRESS, settings=settings)
    voice = OpenAITTSService.Settings(model="gpt-4o-mini-tts", voice="ballad")
    # without its own rate, sound at 24 kHz is played at 8
    tts = OpenAITTSService(api_key=KEY, base_url=ADDRESS, sample_rate=24_000, settings=voice)
    return Pipeline(
        [transport.input(), stt, aggregators.user(), llm, tts, transport.output(), aggregators.assistant()]
    )


def realtime(context: LLMContext, transport: FastAPIWebsocketTransport) -> Pipeline:
    """One speech-to-speech model, which finds the turns."""
    detection = events.TurnDetection(silence_duration_ms=SILENCE_MS)
    audio = events.AudioConfiguration(input=events.AudioInput(turn_detection=detection))
    settings = OpenAIRealtimeLLMService.Settings(
        model="gpt-realtime",
        system_instruction=SYSTEM,
        session_properties=events.SessionProperties(audio=audio),
    )
    url = ADDRESS.replace("http://", "ws://") + "/realtime"
    llm = OpenAIRealtimeLLMService(api_key=KEY, base_url=url, settings=settings)
    aggregators = LLMContextAggregatorPair(context)
    return Pipeline([transport.input(), aggregators.user(), llm, transport.output(), aggregators.assistant()])


@app.get("/health")
async def health() -> str:
    """Whether the process answers."""
    return "ok"


@app.post("/desk/twilio/voice")
async def voice(request: Request) -> Response:
    """Connect the call to the WebSocket."""
    url = f"ws://{request.headers['host']}/ws"
    return Response(f'<Response><Connect><Stream url="{url}"/></Connect></Response>', media_type="text/xml")


@app.websocket("/ws")
async def stream(websocket: WebSocket) -> None:
    """One call."""
    await websocket.accept()
    _, data = await parse_telephony_websocket(websocket)
    found: dict[str, Any] = dict(data)
    serializer = TwilioFrameSerializer(
        stream_sid=found["stream_id"],
        call_sid=found["call_id"],
        params=TwilioFrameSerializer.InputParams(auto_hang_up=False),
    )
    params = FastAPIWebsocketParams(audio_in_enabled=True, audio_out_enabled=True, serializer=serializer)
    transport = FastAPIWebsocketTransport(websocket, params)
    context = LLMContext([{"role": "developer", "content": "Say hello."}], tools=tools())
    pipeline = (cascaded if STYLE == "cascaded" else realtime)(context, transport)
    telephone = {"audio_in_sample_rate": 8000, "audio_out_sample_rate": 8000}
    rates = telephone if RATES == "telephone" else {}
    worker = PipelineWorker(
        pipeline, params=PipelineParams(enable_metrics=True, enable_usage_metrics=True, **rates)
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)

    @transport.event_handler("on_client_connected")
    async def connected(_transport: object, _client: object) -> None:
        await worker.queue_frame(LLMRunFrame())

    @transport.event_handler("on_client_disconnected")
    async def disconnected(_transport: object, _client: object) -> None:
        await worker.cancel()

    await runner.run()


if __name__ == "__main__":
    logger.remove()
    server = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{server.getsockname()[1]}/desk/twilio/voice", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="critical")).run(sockets=[server])
