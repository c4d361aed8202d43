"""The telephone's code for sound, as callers and the mock servers use it."""

from agentrun.transports.mulaw import FRAME_BYTES, FRAME_SECONDS, RATE, SILENCE, Samples, decode, encode

__all__ = ["FRAME_BYTES", "FRAME_SECONDS", "RATE", "SILENCE", "Samples", "decode", "encode"]
