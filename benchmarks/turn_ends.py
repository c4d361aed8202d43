"""How often the end of a turn is missed, and a pause in the middle is taken for one.

``python benchmarks/turn_ends.py [FOLDER]``: each question of the corpus as a telephone carries it, with the
noise of a line; once to its end, and once cut off at quiet moments in its middle. Each is judged by Pipecat's
model of ends of turns: at the pause where agentrun judges first, at the 200 ms of silence where Pipecat does,
and as agentrun puts both together. Takes about two minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soxr
from contest import CORPUS, NOISE_DB
from loguru import logger
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.pipecat_private.hearing.turn_features import RATE as MODEL_RATE
from agentrun.pipeline.pipecat_private.hearing.turn_features import features
from agentrun.pipeline.pipecat_private.shared_models import UNSURE
from agentrun.pipeline.turns.early_end_of_turn import PAUSE_SECONDS
from agentrun.simulate.caller.sound import speech
from agentrun.simulate.caller.sound.line_noise import LineNoise
from agentrun.simulate.caller.sound.timeline import frames_of
from agentrun.transports.mulaw import RATE, decode, encode

SECOND_SECONDS = 0.2
LEAD_SECONDS = 0.5
PARTS = (0.3, 0.45, 0.6, 0.75)
"""Of a question, near which it is cut off."""
NEAR_SECONDS = 0.15
TIMES_WHOLE, TIMES_CUT = 24, 6
"""Each with noise, and a length of its last piece, of its own."""
Sound = NDArray[np.int16]


def whole(path: Path) -> Iterator[Sound]:
    """The question, from a moment before it to its last word."""
    said = speech.from_file(path)
    yield said.samples[max(0, int((said.start - LEAD_SECONDS) * RATE)) : int(said.end * RATE)]


def cut(path: Path) -> Iterator[Sound]:
    """The question until the quietest moment near each of PARTS."""
    said = speech.from_file(path)
    first, start, end = (int(at * RATE) for at in (max(0.0, said.start - LEAD_SECONDS), said.start, said.end))
    power = np.convolve(said.samples.astype(float) ** 2, np.ones(RATE // 20), "same")
    near = int(NEAR_SECONDS * RATE)
    for part in PARTS:
        least = max(start, start + int((end - start) * part) - near)
        yield said.samples[first : least + int(np.argmin(power[least : least + 2 * near]))]


def judged(sound: Sound, seed: int) -> tuple[float, float]:
    """How probable it is that the turn has ended, at both silences after ``sound``."""
    line = LineNoise(NOISE_DB, seed)
    code = b"".join(map(line.beneath, frames_of(encode(np.pad(sound, (0, RATE))))))
    heard, odd = decode(code), int(np.random.default_rng(seed).integers(0, int(0.032 * RATE)))
    found = []
    for silence in (PAUSE_SECONDS, SECOND_SECONDS):
        until = heard[: len(sound) + int(silence * RATE) + odd].astype(np.float32) / 32768
        given = features(soxr.resample(until, RATE, MODEL_RATE, quality="HQ"))
        outputs = pipecat_private.smart_turn_session().run(None, {"input_features": given[np.newaxis]})
        found.append(float(outputs[0][0].item()))
    return found[0], found[1]


def main(folder: Path) -> None:
    """Judge all, and print the shares that are taken for ended."""
    logger.remove()
    table = Table("taken for ended", "how many", "at the pause", "at 200 ms, as Pipecat", "as agentrun")
    paths = sorted(folder.glob("*.wav"))
    for name, sounds, times in (("ends", whole, TIMES_WHOLE), ("cut off", cut, TIMES_CUT)):
        every = [sound for path in paths for sound in sounds(path) for _ in range(times)]
        found = np.array(
            [judged(sound, seed) for seed, sound in track(list(enumerate(every)), name, transient=True)]
        )
        first, second = found[:, 0], found[:, 1] > 0.5
        both = (first > 0.5) | ((first >= UNSURE) & second)
        shares = (f"{share.mean():.1%}" for share in (first > 0.5, second, both))
        table.add_row(name, str(len(every)), *shares)
    Console().print(table)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS)
