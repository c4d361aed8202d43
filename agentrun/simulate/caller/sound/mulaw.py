"""Mu-law encoding for callers and mock servers."""

from agentrun.transports.mulaw import FRAME_BYTES, FRAME_SECONDS, RATE, SILENCE, Samples, decode, encode

__all__ = ["FRAME_BYTES", "FRAME_SECONDS", "RATE", "SILENCE", "Samples", "decode", "encode"]
