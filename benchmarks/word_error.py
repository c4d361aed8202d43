"""What the telephone's path does to speech: word errors of the packaged Whisper over the corpus.

``python benchmarks/word_error.py [FOLDER]``: each question as it was recorded at 16 kHz; as mu-law at 8 kHz;
the same cut at the pause where transcription begins early; and brought to the 24 kHz of a realtime model by
Pipecat's resampler and by agentrun's.

Each is heard from several moments on, a few milliseconds apart: the packaged Whisper repeats a short question
at some of them and not at others, whichever path it came by, so that one moment says nothing of a path.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import soundfile
from loguru import logger
from pipecat.audio.resamplers.base_audio_resampler import BaseAudioResampler
from pipecat.audio.utils import create_stream_resampler
from pipecat.audio.vad.vad_analyzer import VADParams
from rich.console import Console
from rich.progress import track
from rich.table import Table

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.audio.resampling import PromptResampler
from agentrun.pipeline.turns.early_end_of_turn import EarlyEndOfTurn
from agentrun.simulate.bench.word_errors import word_errors, words
from agentrun.simulate.caller.sound import speech
from agentrun.simulate.engines.engines import Hearing, load_offline
from agentrun.transports.mulaw import RATE, decode, encode

CORPUS = Path(__file__).parent.parent / "tests" / "corpus"
PIECE = RATE // 50
TRAILING = 0.5
"""Seconds of silence that Pipecat adds to a stretch of speech."""
LEADS = (0.0, 0.001, 0.005, 0.01, 0.05)
"""Seconds of silence before each question."""
Sound = tuple[np.ndarray, int]


async def recorded(path: Path) -> Sound:
    """As it was recorded."""
    samples, rate = soundfile.read(path, dtype="int16")
    return samples, rate


async def telephone(path: Path) -> Sound:
    """As a telephone carries it."""
    return decode(encode(speech.from_file(path).samples)), RATE


async def cut_early(path: Path) -> Sound:
    """As a telephone carries it, until the last pause of the speech, with Pipecat's silence after it."""
    samples, _ = await telephone(path)
    samples = np.concatenate([samples, np.zeros(RATE, np.int16)])
    pauses, heard, cuts = EarlyEndOfTurn(), 0, [len(samples)]
    vad = pipecat_private.SharedSilero(VADParams(min_volume=0.0), pauses)
    vad.set_sample_rate(RATE)
    pauses.watch(lambda: cuts.append(heard), lambda: None)
    for heard in range(PIECE, len(samples), PIECE):
        await vad.analyze_audio(samples[heard - PIECE : heard].tobytes())
    return np.concatenate([samples[: cuts[-1]], np.zeros(int(TRAILING * RATE), np.int16)]), RATE


def realtime(make: Callable[[], BaseAudioResampler]) -> Callable[[Path], Awaitable[Sound]]:
    """As a realtime model hears a telephone through a resampler."""

    async def heard(path: Path) -> Sound:
        samples, _ = await telephone(path)
        resampler, found = make(), b""
        for start in range(0, len(samples), PIECE):
            found += await resampler.resample(samples[start : start + PIECE].tobytes(), RATE, 24_000)
        return np.frombuffer(found + await resampler.flush(), np.int16), 24_000

    return heard


PATHS: dict[str, Callable[[Path], Awaitable[Sound]]] = {
    "16 kHz, as recorded": recorded,
    "8 kHz, telephone": telephone,
    "8 kHz, cut at the pause": cut_early,
    "8 to 24 kHz, Pipecat's resampler": realtime(create_stream_resampler),
    "8 to 24 kHz, agentrun's": realtime(PromptResampler),
}


async def measure(hearing: Hearing, folder: Path) -> dict[str, tuple[int, int, list[str]]]:
    """For each path: wrong words, all words, and the questions that were not heard right."""
    found = {name: (0, 0, list[str]()) for name in PATHS}
    for question in track(json.loads((folder / "transcripts.json").read_text()), transient=True):
        wanted = words(question["text"])
        for name, path in PATHS.items():
            samples, rate = await path(folder / question["file"])
            for lead in LEADS:
                heard = np.concatenate([np.zeros(round(lead * rate), np.int16), samples])
                text = await hearing.transcribe(heard.tobytes(), rate, "")
                wrong, total, missed = found[name]
                count = word_errors(wanted, words(text))
                found[name] = (wrong + count, total + len(wanted), missed + ([text] if count else []))
    return found


async def main() -> None:
    """Measure and print."""
    logger.remove()
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS
    engines = await load_offline()
    table = Table("path", "wrong words", "of", "error", "heard wrong")
    for name, (wrong, total, missed) in (await measure(engines.hearing, folder)).items():
        table.add_row(name, str(wrong), str(total), f"{wrong / total:.1%}", "; ".join(missed))
    Console().print(table)


if __name__ == "__main__":
    asyncio.run(main())
