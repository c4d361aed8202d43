"""A cheap mock OpenAI server: it knows what callers will say, and beeps instead of speaking.

``python -m agentrun.simulate.bench.mock_openai PLAN`` serves on a free loopback port, which it prints. PLAN
is what ``write`` wrote.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np

from agentrun import spec
from agentrun.simulate.bench.scripted_transcription import ScriptedTranscription
from agentrun.simulate.caller.script import Utterance
from agentrun.simulate.caller.sound import speech
from agentrun.simulate.engines.engines import VOICE_RATE
from agentrun.simulate.engines.scripted import ToneVoice
from agentrun.simulate.faults import Route
from agentrun.simulate.openai import OpenAIServer
from agentrun.simulate.rehearsal.rehearsal import Rehearsal
from agentrun.transports.mulaw import RATE

PACE = 2.0
_PIECE_SECONDS = 0.02


class PacedVoice(ToneVoice):
    """Beeps whose sound comes ``pace`` times as fast as it is heard, as a provider's does."""

    def __init__(self, pace: float = PACE) -> None:
        super().__init__()
        self._pace = pace

    async def speak(self, text: str, voice: str, speed: float) -> AsyncIterator[bytes]:
        """24 kHz, 16-bit mono PCM in pieces of 20 ms; nothing is kept of what was said."""
        pcm = b"".join([piece async for piece in super().speak(text, voice, speed)])
        self.spoken.clear()
        self.voices.clear()
        size = int(VOICE_RATE * _PIECE_SECONDS) * 2
        clock = asyncio.get_running_loop().time
        origin = clock()
        for number, start in enumerate(range(0, len(pcm), size)):
            await asyncio.sleep(max(0.0, origin + number * _PIECE_SECONDS / self._pace - clock()))
            yield pcm[start : start + size]


def write(
    folder: Path,
    path: Path,
    overrides: Sequence[tuple[str, str]],
    utterances: Sequence[Utterance],
    latency: Mapping[Route, float],
) -> list[str]:
    """The command that runs the mock server for the spec at ``path``, with its plan in ``folder``.

    It hears ``utterances``, each with its text, and waits ``latency`` seconds before a route's first byte.
    """
    entries = []
    for number, each in enumerate(utterances):
        sound = folder / f"{number}.npy"
        np.save(sound, each.speech.samples)
        entries.append({"sound": str(sound), "text": each.text})
    plan = folder / "plan.json"
    data = {"spec": str(path), "overrides": overrides, "known": entries, "latency": dict(latency)}
    plan.write_text(json.dumps(data), encoding="utf-8")
    return [sys.executable, "-m", "agentrun.simulate.bench.mock_openai", str(plan)]


async def serve(plan: Mapping[str, Any]) -> None:
    """Serve until the process is ended."""
    utterances = [
        Utterance(speech.from_samples(np.load(each["sound"]), RATE), text=each["text"])
        for each in plan["known"]
    ]
    overrides = [(name, value) for name, value in plan["overrides"]]
    brain = Rehearsal([spec.load(Path(plan["spec"]), overrides).spec])
    async with OpenAIServer(ScriptedTranscription(utterances), PacedVoice(), brain) as server:
        for route in get_args(Route):
            server.conditions.latency[route] = plan["latency"].get(route, 0.0)
        print(server.address, flush=True)  # noqa: T201
        await asyncio.Event().wait()


if __name__ == "__main__":
    import uvloop
    from loguru import logger

    logger.remove()
    uvloop.run(serve(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
