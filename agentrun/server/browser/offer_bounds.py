"""Limits on offers and ICE candidates, since aiortc processes each line on the event loop."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any

from fastapi import HTTPException
from pipecat.transports.smallwebrtc.request_handler import IceCandidate

MOST_LINES = 1500
"""Of an offer; Chrome's has about 200 for each camera, and 60 for the rest."""
MOST_MEDIA = 8
"""Sections (``m=``) of an offer, each of which becomes a transceiver."""
MOST_CODECS = 128
"""Of one section: a payload type has 7 bits (RFC 3550)."""
MOST_WILDCARDS = 16
"""Lines of feedback for every codec (``a=rtcp-fb:*``, RFC 4585); each is looked for in each codec."""
MOST_CANDIDATES = 200
"""In one request, and late ones of one connection; a machine with five networks has about 40."""
MOST_RENEGOTIATIONS = 20
WINDOW_SECONDS = 60.0
"""So many times may one browser negotiate again within this time."""


class RenegotiationRate:
    """How often one browser has negotiated again; ``clock`` is in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: list[float] = []

    def count(self) -> None:
        """Count one; HTTPException 429 where it is one too many."""
        now = self._clock()
        self._times = [at for at in self._times if at > now - WINDOW_SECONDS]
        if len(self._times) >= MOST_RENEGOTIATIONS:
            seconds = math.ceil(self._times[0] + WINDOW_SECONDS - now)
            message = f"a call is negotiated again at most {MOST_RENEGOTIATIONS} times a minute"
            raise HTTPException(429, message, {"Retry-After": str(max(1, seconds))})
        self._times.append(now)


def sdp_of(body: Mapping[str, Any]) -> str:
    r"""The SDP of an offer; HTTPException 400 for what is none, 413 for one that is too long to work through.

    >>> sdp_of({"type": "offer", "sdp": "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"})[:3]
    'v=0'
    """
    sdp = body.get("sdp")
    if not isinstance(sdp, str) or body.get("type") != "offer":
        raise HTTPException(400, "an offer has `sdp` and the `type` offer")
    if "m=audio" not in sdp:
        raise HTTPException(400, "an offer has a line for audio")
    # as aiortc does: what Unicode takes for the end of a line is one
    lines = sdp.splitlines()
    _at_most(MOST_LINES, len(lines), "lines")
    sections = list(accumulate(line.startswith("m=") for line in lines))
    codecs = Counter(
        at for at, line in zip(sections, lines, strict=True) if line.startswith(("m=", "a=rtpmap:"))
    )
    _at_most(MOST_MEDIA, sections[-1], "`m=` lines")
    _at_most(MOST_CODECS, max(codecs.values(), default=1) - 1, "`a=rtpmap:` lines for one `m=` line")
    _at_most(MOST_WILDCARDS, sum(line.startswith("a=rtcp-fb:*") for line in lines), "`a=rtcp-fb:*` lines")
    return sdp


def candidates_of(body: Mapping[str, Any]) -> tuple[str, list[IceCandidate]]:
    """The name of a connection and its late candidates; HTTPException 400 for what is none, 413 for too many.

    Each has ``candidate``, ``sdp_mid`` and ``sdp_mline_index``.
    """
    try:
        if len(body["candidates"]) > MOST_CANDIDATES:
            raise HTTPException(413, f"send at most {MOST_CANDIDATES} candidates")
        candidates = [
            IceCandidate(str(one["candidate"]), str(one["sdp_mid"]), int(one["sdp_mline_index"]))
            for one in body["candidates"]
        ]
        return str(body["pc_id"]), candidates
    except (ArithmeticError, LookupError, TypeError, ValueError):
        raise HTTPException(400, "candidates come with their `pc_id`, `sdp_mid` and index") from None


def _at_most(most: int, number: int, what: str) -> None:
    if number > most:
        raise HTTPException(413, f"an offer has at most {most} {what}, and this one has {number}")
