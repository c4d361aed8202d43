"""What a voice has made no sound of was not said; what it has made sound of was, told word by word or not."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pipecat.services.openai.tts import OpenAITTSService
from websockets.asyncio.server import ServerConnection

from agentrun.pipeline.services import build as services
from tests.calls import streaming_voices
from tests.calls.quick import QuickCall
from tests.calls.streaming_peers import Peer
from tests.calls.streaming_voices import CartesiaVoice, DeepgramVoice, ElevenLabsVoice
from tests.calls.test_poor_voices import SENTENCES, silent, talk
from tests.calls.test_streaming_services import MORE, MOST_SILENCE, STORY, interrupt, play

VOICES = pytest.mark.parametrize(
    "voice", [CartesiaVoice, ElevenLabsVoice, DeepgramVoice], ids=["cartesia", "elevenlabs", "deepgram"]
)
TIMED = pytest.mark.parametrize("voice", [CartesiaVoice, ElevenLabsVoice], ids=["cartesia", "elevenlabs"])
UNHEARD = f"the voice made no sound of {len(SENTENCES[1])} characters"


@pytest.fixture
def quiet_words(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """So many words, spoken by a voice over a WebSocket, are silence."""
    lost: list[int] = []
    tone = streaming_voices.tone

    def quiet(words: int, rate: int) -> str:
        sound = tone(words, rate)
        return base64.b64encode(bytes(len(base64.b64decode(sound)))).decode() if words in lost else sound

    monkeypatch.setattr(streaming_voices, "tone", quiet)
    return lost


@VOICES
@pytest.mark.parametrize("answer", ["Sure. We are open from six.", "Yes.", STORY])
def test_all_that_was_heard_is_said(tmp_path: Path, voice: type[Peer], answer: str) -> None:
    heard = play(tmp_path, voice(), 1, answers=[answer])
    assert heard.said == [answer]
    assert heard.record.errors == []


class TimesFirst(CartesiaVoice):
    """Tells the times of its words before it sends their sound."""

    async def answer(self, socket: ServerConnection, message: str | bytes) -> None:
        await super().answer(_TurnedRound(socket), message)  # type: ignore[arg-type]


class _TurnedRound:
    def __init__(self, socket: ServerConnection) -> None:
        self._socket, self._kept = socket, ""

    async def send(self, message: str) -> None:
        if json.loads(message)["type"] == "chunk":
            self._kept = message
            return
        await self._socket.send(message)
        if self._kept:
            await self._socket.send(self._kept)
            self._kept = ""


def test_a_sentence_of_one_word_whose_time_comes_before_its_sound_is_said(tmp_path: Path) -> None:
    heard = play(tmp_path, TimesFirst(), 1, answers=["Sure. Yes. We are open from six."])
    assert heard.said == ["Sure. Yes. We are open from six."]


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("voice", [CartesiaVoice, TimesFirst, ElevenLabsVoice])
def test_a_sentence_of_silence_among_others_was_not_said(
    tmp_path: Path, quiet_words: list[int], voice: type[Peer], place: int
) -> None:
    quiet_words.append(6)
    silent_one = "We are closed on Mondays always."
    others = [SENTENCES[0], SENTENCES[2]]
    answer = [*others[:place], silent_one, *others[place:]]
    heard = play(tmp_path, voice(), 1, answers=[" ".join(answer)])
    assert heard.said == [" ".join(others)]
    assert f"no sound of {len(silent_one)} characters" in " ".join(heard.record.errors)
    assert heard.record.ended_by == "caller"


class LeavesOut(CartesiaVoice):
    """Makes nothing of one sentence."""

    async def answer(self, socket: ServerConnection, message: str | bytes) -> None:
        if SENTENCES[1] not in json.loads(message).get("transcript", ""):
            await super().answer(socket, message)


def test_a_sentence_that_a_voice_leaves_out_was_not_said(tmp_path: Path) -> None:
    heard = play(tmp_path, LeavesOut(), 1, answers=[" ".join(SENTENCES)])
    assert heard.said == [f"{SENTENCES[0]} {SENTENCES[2]}"]
    assert UNHEARD in " ".join(heard.record.errors)


@TIMED
def test_a_voice_that_streams_without_an_end_is_gone_on_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, voice: type[Peer]
) -> None:
    tone = streaming_voices.tone
    monkeypatch.setattr(streaming_voices, "tone", lambda words, rate: tone(90 if words == 2 else words, rate))

    async def stay(call: QuickCall) -> None:
        await call.until(lambda: MORE in call.agent_words, 60)

    heard = play(tmp_path, voice(), 1, answers=["Of course.", MORE], after=stay)
    assert heard.said[-1] == MORE
    assert "and no end" in " ".join(heard.record.errors)


def test_of_an_answer_whose_words_are_not_timed_the_record_has_what_was_heard(tmp_path: Path) -> None:
    heard = play(tmp_path, DeepgramVoice(), 0, before=interrupt, answers=[STORY, MORE])
    cut, after = heard.said
    assert STORY.startswith(cut)
    assert len(cut) < len("We are open from six to eleven.")
    assert after == MORE


def test_an_untimed_voice_that_is_deaf_amid_an_answer_is_gone_on_without(tmp_path: Path) -> None:
    async def stay(_call: QuickCall) -> None:
        await asyncio.sleep(MOST_SILENCE)

    peer = DeepgramVoice(["deaf"], well_for=2)
    heard = play(tmp_path, peer, 1, after=stay, answers=[f"Well then. {STORY} {STORY}", MORE])
    assert heard.said[-1] == MORE
    assert len(heard.said[0]) < len(STORY)
    assert "the voice gave no more sound" in " ".join(heard.record.errors)


@pytest.mark.parametrize("times", [1, 9])
@pytest.mark.parametrize("nothing", [False, True])
def test_a_sentence_that_a_voice_over_http_makes_no_sound_of_is_asked_for_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int, nothing: bool
) -> None:
    """Pipecat's own, which takes whatever comes for speech."""
    failed: list[str] = []

    async def speak(text: str, sound: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        whole = b"".join([piece async for piece in sound])
        spoilt = text == SENTENCES[1] and len(failed) < times
        failed.extend([text] * spoilt)
        yield (b"" if nothing else silent(whole)) if spoilt else whole

    monkeypatch.setattr(services, "OpenAISpeech", _pipecats_own)
    said, record, call = talk(tmp_path, speak)
    assert said == [" ".join(SENTENCES) if times == 1 else f"{SENTENCES[0]} {SENTENCES[2]}"]
    assert call.voice.spoken.count(SENTENCES[1]) == 2
    assert (UNHEARD in " ".join(record.errors)) == (times > 1)


def _pipecats_own(*_: object, **settings: object) -> OpenAITTSService:
    for ours in ("stall", "attempts"):
        settings.pop(ours, None)
    return OpenAITTSService(**settings)  # type: ignore[arg-type]
