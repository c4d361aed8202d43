"""The floor: Twilio's sound to OpenAI's realtime model and back, and nothing else that an agent needs.

``python benchmarks/bridge.py SILENCE_MS``: serves on a free loopback port, which it prints. Base64 goes from
one socket to the other as it is (``audio/pcmu``); the agent is cut when the caller speaks, and its one tool
asks a server over HTTP. No records, no metrics, no deadlines, no recovery: what the language itself costs.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import uvloop
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, web

SILENCE_MS = int(sys.argv[1])
KEY, ADDRESS = os.environ["OPENAI_API_KEY"], os.environ["OPENAI_BASE_URL"]
TOOL_URL = os.environ["RESTAURANT_URL"]
SYSTEM = "You answer the telephone of a restaurant."
MULAW = {"type": "audio/pcmu"}
TOOLS = [
    {"type": "function", "name": name, "description": "Look it up.", "parameters": {"type": "object"}}
    for name in ("get_hours", "get_menu")
]
DETECTION = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": SILENCE_MS,
}
SESSION = {
    "type": "realtime",
    "instructions": SYSTEM,
    "tools": TOOLS,
    "audio": {"input": {"format": MULAW, "turn_detection": DETECTION}, "output": {"format": MULAW}},
}
HTTP = web.AppKey("http", ClientSession)


@dataclass
class Bridge:
    """One call: both sockets, and what is being said."""

    caller: web.WebSocketResponse
    model: ClientWebSocketResponse
    http: ClientSession
    sid: str
    item: str = ""
    began: float = 0.0
    functions: dict[str, str] = field(default_factory=dict)

    async def tell(self, kind: str, **fields: Any) -> None:
        """Send the model an event."""
        await self.model.send_str(json.dumps({"type": kind, **fields}))

    async def from_caller(self) -> None:
        """Hand on what the caller says."""
        async for message in self.caller:
            if message.type is not WSMsgType.TEXT:
                continue
            event = json.loads(message.data)
            if event["event"] == "media":
                payload = event["media"]["payload"]
                await self.model.send_str(f'{{"type":"input_audio_buffer.append","audio":"{payload}"}}')
            elif event["event"] == "stop":
                break

    async def from_model(self) -> None:
        """Hand on what the model says, and do what it asks."""
        async for message in self.model:
            if message.type is not WSMsgType.TEXT:
                continue
            event = json.loads(message.data)
            kind = event["type"]
            if kind == "response.output_audio.delta":
                if event["item_id"] != self.item:
                    self.item, self.began = event["item_id"], time.monotonic()
                await self._send("media", {"payload": event["delta"]})
            elif kind == "input_audio_buffer.speech_started":
                await self._cut()
            elif kind == "response.output_item.added" and event["item"]["type"] == "function_call":
                self.functions[event["item"]["call_id"]] = event["item"]["name"]
            elif kind == "response.function_call_arguments.done":
                await self._answer_tool(event["call_id"])

    async def _cut(self) -> None:
        await self.caller.send_str(json.dumps({"event": "clear", "streamSid": self.sid}))
        if self.item:
            heard = int((time.monotonic() - self.began) * 1000)
            where = {"item_id": self.item, "content_index": 0, "audio_end_ms": heard}
            await self.tell("conversation.item.truncate", **where)
            self.item = ""

    async def _answer_tool(self, call_id: str) -> None:
        async with self.http.get(f"{TOOL_URL}/{self.functions.pop(call_id, '')}") as answer:
            output = await answer.text()
        item = {"type": "function_call_output", "call_id": call_id, "output": output}
        await self.tell("conversation.item.create", item=item)
        await self.tell("response.create")

    async def _send(self, event: str, body: dict[str, str]) -> None:
        await self.caller.send_str(json.dumps({"event": event, "streamSid": self.sid, event: body}))


async def voice(request: web.Request) -> web.Response:
    """Connect the call to the WebSocket."""
    url = f"ws://{request.headers['host']}/ws"
    text = f'<Response><Connect><Stream url="{url}"/></Connect></Response>'
    return web.Response(text=text, content_type="text/xml")


async def stream(request: web.Request) -> web.WebSocketResponse:
    """One call."""
    caller = web.WebSocketResponse(compress=False)
    await caller.prepare(request)
    http = request.app[HTTP]
    sid = ""
    while not sid:
        event = json.loads(await caller.receive_str())
        sid = event.get("streamSid", "")
    url = ADDRESS.replace("http://", "ws://") + "/realtime?model=gpt-realtime"
    async with http.ws_connect(url, headers={"Authorization": f"Bearer {KEY}"}) as model:
        bridge = Bridge(caller, model, http, sid)
        await bridge.tell("session.update", session=SESSION)
        content = [{"type": "input_text", "text": "Say hello."}]
        item = {"type": "message", "role": "user", "content": content}
        await bridge.tell("conversation.item.create", item=item)
        await bridge.tell("response.create")
        answering = asyncio.create_task(bridge.from_model())
        await bridge.from_caller()
        answering.cancel()
        await asyncio.wait({answering})
    return caller


async def main() -> None:
    """Serve until the process is ended."""
    app = web.Application()
    app.add_routes([web.post("/desk/twilio/voice", voice), web.get("/ws", stream)])
    async with ClientSession() as http:
        app[HTTP] = http
        runner = web.AppRunner(app)
        await runner.setup()
        server = socket.create_server(("127.0.0.1", 0))
        await web.SockSite(runner, server).start()
        print(f"http://127.0.0.1:{server.getsockname()[1]}/desk/twilio/voice", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
