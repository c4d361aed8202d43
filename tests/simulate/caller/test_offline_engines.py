from __future__ import annotations

import pytest

from agentrun.distribution import install_extra
from agentrun.errors import SetupError
from agentrun.simulate.caller.offline_engines import OfflineEngines
from agentrun.simulate.engines import engines
from agentrun.transports import mulaw
from tests.simulate.caller.agent import silence


async def test_what_the_voice_says_is_understood_over_the_telephone() -> None:
    pytest.importorskip("faster_whisper", reason="needs the extra offline")
    ours = OfflineEngines()
    speech = await ours.speak("What are the basketball scores tonight?")
    assert not speech.silent
    heard = await ours.transcribe(mulaw.decode(mulaw.encode(speech.samples)))
    assert {"basketball", "scores"} <= set(heard.lower().strip("?.!").split())
    assert await ours.transcribe(silence(1.0)) == ""


async def test_without_the_extra_words_can_not_be_said_but_calls_can_be_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    async def missing() -> engines.Engines:
        asked.append("load")
        raise SetupError("offline engines are not installed", install_extra("offline"))

    monkeypatch.setattr(engines, "load_offline", missing)
    ours = OfflineEngines()
    with pytest.raises(SetupError, match=r"\[offline\]"):
        await ours.speak("Hello")
    assert await ours.transcribe(silence(0.1)) == ""
    assert await ours.transcribe(silence(0.1)) == ""
    assert asked == ["load", "load"]
