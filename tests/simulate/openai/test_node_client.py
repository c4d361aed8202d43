"""OpenAI's own client for Node (npm ``openai``) against the mock server."""

from __future__ import annotations

import asyncio
import json
import shutil
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest

from agentrun.simulate.engines.engines import Answer, ToolCall
from tests.simulate.openai.standing import standing

HERE = Path(__file__).parent
PACKAGES = HERE.parents[2] / "node_modules"
IS_THERE = all((PACKAGES / name).exists() for name in ("openai", "ws")) and shutil.which("node") is not None
pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs(IS_THERE, "OpenAI's client for Node is not installed: npm ci"),
]
BEGINNINGS = {"mp3": "ID3", "wav": "RIFF", "opus": "OggS", "flac": "fLaC", "aac": "\xff\xf1", "pcm": ""}


async def ask() -> dict[str, Any]:
    """What the client found."""
    tool = Answer(calls=(ToolCall("get_scores", {"league": "men"}),))
    async with standing(Answer("One two three."), tool, Answer("Duke won."), Answer("Hello.")) as it:
        command = ("node", str(HERE / "node_client.mjs"), it.server.base_url)
        client = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
        try:
            told, complaints = await asyncio.wait_for(client.communicate(), 80)
        finally:
            if client.returncode is None:
                client.kill()
        it.brain.assert_complete()
    assert client.returncode == 0, complaints.decode()
    return dict(json.loads(told))


async def test_openai_s_client_for_node_is_served() -> None:
    found = await ask()
    assert "".join(found["chat"]) == "One two three."
    assert found["tools"] == {"text": "Duke won.", "ran": ["men"]}
    assert found["structured"] == {"guests": 0}
    for name, beginning in BEGINNINGS.items():
        speech = found["speech"][name]
        assert speech["begins"].startswith(beginning), name
        assert speech["bytes"] > 500, name
    assert found["default"] == found["speech"]["mp3"]
    assert set(found["events"]) == {"speech.audio.delta", "speech.audio.done"}
    transcripts = found["transcripts"]
    assert transcripts["text"].strip() == transcripts["verbose_json"]["text"] == "Hello there."
    assert "00:00:00,000 --> " in transcripts["srt"]
    assert transcripts["vtt"].startswith("WEBVTT\n")
    assert transcripts["stream"][-1] == "transcript.text.done"
    assert found["embeddings"] == [1536, 1536]
    assert found["realtime"]["text"] == "Hello."
    assert found["realtime"]["seen"][-1] == "response.done"
    assert found["refused"]["kind"] == "BadRequestError"
    assert "'ogg' is not one of mp3" in found["refused"]["message"]
