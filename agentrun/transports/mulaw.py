"""G.711 mu-law, the telephone's 8-bit audio encoding (https://www.itu.int/rec/T-REC-G.711)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 8_000
"""Hz."""
FRAME_BYTES = 160
"""20 ms: what Twilio sends in one message."""
FRAME_SECONDS = FRAME_BYTES / RATE
SILENCE = 0xFF
"""The code of zero."""

_BIAS = 132
_CLIP = 32_635

Samples = NDArray[np.int16]


def _decoding_table() -> Samples:
    code = ~np.arange(256, dtype=np.uint8)
    exponent = ((code >> 4) & 0x07).astype(np.int32)
    mantissa = (code & 0x0F).astype(np.int32)
    magnitude = (((mantissa << 3) + _BIAS) << exponent) - _BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _encoding_table() -> NDArray[np.uint8]:
    sample = np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int32)
    magnitude = np.minimum(np.abs(sample), _CLIP) + _BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    sign = np.where(sample < 0, 0x80, 0)
    code: NDArray[np.uint8] = (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8)
    return code


_DECODED = _decoding_table()
_ENCODED = _encoding_table()
_DECODED.flags.writeable = False
_ENCODED.flags.writeable = False


def encode(samples: Samples) -> bytes:
    """16-bit samples as mu-law, one byte each.

    >>> encode(np.array([0, 1000, -1000, 32767], dtype=np.int16)).hex()
    'ffce4e80'
    """
    return _ENCODED[samples.view(np.uint16)].tobytes()


def decode(data: bytes | bytearray) -> Samples:
    """Mu-law as 16-bit samples.

    >>> decode(bytes([0xFF, 0xCE, 0x4E, 0x80])).tolist()
    [0, 988, -988, 32124]
    """
    return _DECODED.take(np.frombuffer(data, dtype=np.uint8))


def encode_pcm(pcm: bytes) -> bytes:
    """16-bit PCM as mu-law.

    >>> encode_pcm(bytes(4)).hex()
    'ffff'
    """
    return encode(np.frombuffer(pcm, dtype=np.int16))


def decode_pcm(sound: bytes | bytearray) -> bytes:
    """Mu-law as 16-bit PCM.

    >>> len(decode_pcm(bytes(160)))
    320
    """
    return decode(sound).tobytes()


def codes_within(least: int, most: int) -> bytes:
    """The codes whose samples lie between ``least`` and ``most``.

    >>> codes_within(-8, 8).hex()
    '7e7ffeff'
    """
    return bytes(code for code in range(256) if least <= _DECODED[code] <= most)
