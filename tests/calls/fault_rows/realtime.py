"""Faults of a realtime model: of its answers, of its session, and of its socket."""

from __future__ import annotations

from functools import partial

from tests.calls.fault_rows.row import ANSWER, PART, SORRY, Row, fault, once, status

turn = partial(Row, "realtime")
greets = partial(turn, moment="greeting")
midway = partial(turn, moment="in mid answer")
connects = partial(greets, route="realtime")
socket = partial(turn, route="realtime")

ROWS = (
    connects("refused", fault("refuse"), SORRY, 12),
    connects("401", status(401), SORRY, 12),
    connects("500 once", status(500, 1), ANSWER, 12),
    connects("TLS", None, SORRY, 12, tls=True),
    connects("handshake hangs once", once("handshake"), ANSWER, 12),
    connects("handshake hangs", fault("handshake"), SORRY, 12),
    connects("no session.created once", once("hang"), ANSWER, 12),
    connects("no session.created", fault("hang"), SORRY, 12),
    connects("no session.updated once", once("unset"), ANSWER, 12),
    connects("no session.updated", fault("unset"), SORRY, 12),
    greets("failed once", status(429, 1), ANSWER, 12, "failed (rate_limit_exceeded)"),
    greets("empty once", once("empty"), ANSWER, 12, "the answer was empty: completed"),
    greets("empty throughout", fault("empty"), SORRY, 12, "the answer was empty"),
    greets("hangs", fault("hang"), SORRY, 12, "no answer"),
    socket("closed once", once("close"), ANSWER, 12, "went silent"),
    socket("closed throughout", fault("close"), SORRY, 12, "went silent"),
    socket("cut once", once("drop"), ANSWER, 12, "went silent"),
    socket("cut throughout", fault("drop"), SORRY, 12, "went silent"),
    socket("an error event", once("error"), ANSWER, 12),
    socket("malformed event", once("malformed"), ANSWER, 12, "skipped_event"),
    socket("deaf once", once("deaf"), ANSWER, 12, "did not hear the caller"),
    turn("failed once", status(429, 1), ANSWER, 12, "failed (rate_limit_exceeded)"),
    turn("failed throughout", status(429), SORRY, 12, "failed (rate_limit_exceeded)"),
    turn("empty once", once("empty"), ANSWER, 12, "the answer was empty: completed"),
    turn("empty throughout", fault("empty"), SORRY, 12, "the answer was empty"),
    turn("hangs", fault("hang"), SORRY, 12, "no answer"),
    turn("9 s late", fault("late", 9), SORRY, 12, "no answer"),
    midway("fails once", once("cut", 48_000), PART, 12),
    midway("fails throughout", fault("cut", 48_000), SORRY, 12),
    midway("stalls once", once("stall", 48_000), PART, 12),
    midway("stalls throughout", fault("stall", 48_000), SORRY, 12),
    midway("trickles", fault("trickle", 2), ANSWER, 12),
)
