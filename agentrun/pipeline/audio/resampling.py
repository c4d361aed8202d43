"""Changing rates without holding sound back."""

from __future__ import annotations

import av
from pipecat.audio.resamplers.base_audio_resampler import BaseAudioResampler


class PromptResampler(BaseAudioResampler):
    """FFmpeg's resampler for a stream of 16-bit mono sound, which holds back 2 ms.

    Pipecat's own asks soxr, which works in blocks: of a stream in pieces of 20 ms it holds back 152 ms
    between 8 and 24 kHz at Pipecat's default, very high quality, and 73 ms at high. FFmpeg's default filter
    is flat to 3.4 kHz, the band of a telephone (ITU-T G.712), and what it mirrors into it from above 4.6 kHz
    is below -80 dB (``tests/pipeline/audio/test_resampling.py``).

    >>> import asyncio
    >>> len(asyncio.run(PromptResampler().resample(bytes(320), 8_000, 24_000)))
    864
    """

    def __init__(self) -> None:
        self._rates: tuple[int, int] | None = None
        self._stream: av.AudioResampler | None = None

    async def resample(self, audio: bytes, in_rate: int, out_rate: int) -> bytes:
        """Sound at ``in_rate`` Hz to ``out_rate`` Hz; what it holds back comes with the next piece."""
        if in_rate == out_rate or not audio:
            return audio
        if self._stream is None or self._rates != (in_rate, out_rate):
            self._rates = (in_rate, out_rate)
            self._stream = av.AudioResampler(format="s16", layout="mono", rate=out_rate)
        frame = av.AudioFrame("s16", "mono", len(audio) // 2)
        frame.planes[0].update(audio)
        frame.sample_rate = in_rate
        return _bytes(self._stream.resample(frame))

    async def flush(self) -> bytes:
        """What was held back; the next piece begins another stream."""
        stream, self._stream = self._stream, None
        return _bytes(stream.resample(None)) if stream else b""

    async def reset(self) -> None:
        """Forget what was held back."""
        self._stream = None


def _bytes(frames: list[av.AudioFrame]) -> bytes:
    return b"".join(bytes(frame.planes[0])[: frame.samples * 2] for frame in frames)
