"""Audio formats of a realtime socket: 16-bit PCM at 24 kHz, or G.711 mu-law at 8 kHz."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentrun.simulate.openai.realtime.client_events import Event, InvalidEventError
from agentrun.transports import mulaw

PCM, PCMU = "audio/pcm", "audio/pcmu"
RATES = {PCM: 24_000, PCMU: mulaw.RATE}
_TAPS = 48
_CUT_OFF = 3_400.0


def of(settings: Event, side: str) -> str:
    """The format of ``side``, ``input`` or ``output``, in a session's settings.

    Raises InvalidEventError for one that this server does not have.
    """
    audio = settings.get("audio") or {}
    value: Any = (audio.get(side) or {}).get("format") if isinstance(audio, dict) else None
    kind = PCM if value is None else value.get("type") if isinstance(value, dict) else value
    if not isinstance(kind, str) or kind not in RATES:
        where = f"audio.{side}.format"
        raise InvalidEventError("invalid_value", f"{where} can't be {value}.", where)
    return str(kind)


def pcm_of(sound: bytes, kind: str) -> bytes:
    """``sound`` as 16-bit PCM at its own rate."""
    return mulaw.decode(sound).tobytes() if kind == PCMU else sound


class TelephoneEncoder:
    """24 kHz, 16-bit PCM as mu-law at 8 kHz; what does not fill a sample waits for the next piece.

    >>> len(TelephoneEncoder().encode(bytes(960)))
    160
    """

    def __init__(self) -> None:
        self._before: NDArray[np.float32] = np.zeros(_TAPS - 1, np.float32)
        self._skip = 0

    def encode(self, pcm: bytes) -> bytes:
        """The next piece."""
        samples = np.frombuffer(pcm, "<i2").astype(np.float32)
        buffer = np.concatenate([self._before, samples])
        self._before = buffer[len(buffer) - _TAPS + 1 :]
        filtered = np.convolve(buffer, _FILTER, "valid")[self._skip :: 3]
        self._skip = (self._skip - len(samples)) % 3
        return mulaw.encode(np.clip(np.rint(filtered), -32_768, 32_767).astype(np.int16))


def _low_pass() -> NDArray[np.float32]:
    at = np.arange(_TAPS) - (_TAPS - 1) / 2
    kernel = np.sinc(2 * _CUT_OFF / RATES[PCM] * at) * np.hamming(_TAPS)
    gains: NDArray[np.float32] = (kernel / kernel.sum()).astype(np.float32)
    return gains


_FILTER = _low_pass()
_FILTER.flags.writeable = False
