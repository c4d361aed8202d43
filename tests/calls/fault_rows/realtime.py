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
    connects("refused", fault("refuse"), SORRY, 4, "could not be reached again"),
    connects("401", status(401), SORRY, 4, "could not be reached again"),
    connects("500 once", status(500, 1), ANSWER, 4, "went silent"),
    connects("TLS", None, SORRY, 4, "could not be reached again", tls=True),
    connects("handshake hangs once", once("handshake"), ANSWER, 7, "went silent"),
    connects("handshake hangs", fault("handshake"), SORRY, 10, "could not be reached again"),
    connects("no session.created once", once("hang"), ANSWER, 7, "went silent"),
    connects("no session.created", fault("hang"), SORRY, 10, "could not be reached again"),
    connects("no session.updated once", once("unset"), ANSWER, 7, "went silent"),
    connects("no session.updated", fault("unset"), SORRY, 10, "could not be reached again"),
    greets("failed once", status(429, 1), ANSWER, 4, "failed (rate_limit_exceeded)"),
    greets("empty once", once("empty"), ANSWER, 4, "the answer was empty: completed"),
    greets("empty throughout", fault("empty"), SORRY, 4, "the answer was empty"),
    greets("hangs", fault("hang"), SORRY, 10, "no answer"),
    socket("closed once", once("close"), ANSWER, 4, "went silent"),
    socket("closed throughout", fault("close"), SORRY, 4, "went silent"),
    socket("cut once", once("drop"), ANSWER, 4, "went silent"),
    socket("cut throughout", fault("drop"), SORRY, 4, "went silent"),
    socket("an error event", once("error"), ANSWER, 4),
    socket("malformed event", once("malformed"), ANSWER, 4, "skipped_event"),
    socket("deaf once", once("deaf"), ANSWER, 4, "did not hear the caller"),
    socket("deaf throughout", fault("deaf"), SORRY, 4, "did not hear the caller", asks=3),
    turn("failed once", status(429, 1), ANSWER, 4, "failed (rate_limit_exceeded)"),
    turn("failed throughout", status(429), SORRY, 4, "failed (rate_limit_exceeded)"),
    turn("empty once", once("empty"), ANSWER, 4, "the answer was empty: completed"),
    turn("empty throughout", fault("empty"), SORRY, 4, "the answer was empty"),
    turn("hangs", fault("hang"), SORRY, 12, "no answer"),
    turn("9 s late", fault("late", 9), SORRY, 12, "no answer"),
    midway("fails once", once("cut", 48_000), PART, 4),
    midway("fails throughout", fault("cut", 9_600), SORRY, 4),
    midway("stalls once", once("stall", 48_000), PART, 12),
    midway("stalls throughout", fault("stall", 9_600), SORRY, 12),
    midway("trickles", fault("trickle", 2), ANSWER, 7),
)
