"""Faults of the ear and of the voice of a cascade."""

from __future__ import annotations

from functools import partial

from tests.calls.fault_rows.row import AGAIN, ANSWER, PART, SORRY, Row, fault, once, status

ear, voice = partial(Row, "stt"), partial(Row, "tts")
listens = partial(ear, route="realtime", streaming=True)
greets = partial(voice, moment="greeting")
midway = partial(voice, moment="in mid answer")

ROWS = (
    ear("refused once", once("refuse"), ANSWER, 4),
    ear("refused throughout", fault("refuse"), AGAIN, 4, "connectivity"),
    ear("TLS", None, AGAIN, 4, "connectivity", tls=True),
    ear("400 once", status(400, 1), AGAIN, 4, "400"),
    ear("401", status(401), SORRY, 4, "authentication"),
    ear("403", status(403), SORRY, 4, "authorization"),
    ear("429 once", status(429, 1), ANSWER, 4),
    ear("429 throughout", status(429), AGAIN, 4, "rate_limit"),
    ear("429 for 20 s", status(429, retry_after=20), AGAIN, 4, "rate_limit"),
    ear("429, quota used up", status(429, code="insufficient_quota"), SORRY, 4, "quota"),
    ear("500 once", status(500, 1), ANSWER, 7),
    ear("500 throughout", status(500), AGAIN, 4, "server"),
    ear("hangs", fault("hang"), AGAIN, 10, "connectivity: no transcript within 8 s"),
    ear("cut once", once("cut"), ANSWER, 4),
    ear("cut throughout", fault("cut"), AGAIN, 4, "connectivity"),
    ear("9 s late", fault("late", 9), AGAIN, 10, "connectivity: no transcript within 8 s"),
    ear("empty", fault("empty"), AGAIN, 4, "of speech"),
    ear("malformed", fault("malformed"), AGAIN, 4, "unknown"),
    ear("200 with JSON", fault("json"), AGAIN, 4, ""),
    ear("200 with HTML", fault("html"), AGAIN, 4, "unknown"),
    listens("handshake hangs once", once("handshake"), AGAIN, 4, "timed out", moment="greeting"),
    listens("handshake hangs", fault("handshake"), SORRY, 8, "timed out", moment="greeting"),
    listens("cut once", once("drop"), ANSWER, 4),
    listens("cut throughout", fault("drop"), SORRY, 4, "connection failed"),
    listens("closed once", once("close"), ANSWER, 4),
    listens("an error event", once("error"), ANSWER, 4, "server_error"),
    listens("malformed event", once("malformed"), ANSWER, 4),
    listens("deaf", fault("deaf"), AGAIN, 10, "no words within 8 s"),
    # the voice, of fixed words
    greets("refused", fault("refuse"), SORRY, 12, "connectivity"),
    greets("TLS", None, SORRY, 12, "connectivity", tls=True),
    greets("400 once", status(400, 1), AGAIN, 9, "400"),
    greets("401", status(401), SORRY, 4, "authentication"),
    greets("429 once", status(429, 1), ANSWER, 4),
    greets("500 once", status(500, 1), ANSWER, 4),
    greets("500 throughout", status(500), SORRY, 12, "server"),
    greets("hangs", fault("hang"), SORRY, 10, "no"),
    greets("empty once", once("empty"), ANSWER, 4),
    greets("cut once", once("cut", 4800), ANSWER, 4),
    greets("trickles", fault("trickle", 2), ANSWER, 7),
    greets("200 with HTML", fault("html"), SORRY, 10, "text instead of sound"),
    # and of an answer
    voice("refused once", once("refuse"), ANSWER, 4),
    voice("refused throughout", fault("refuse"), SORRY, 10, "connectivity"),
    voice("TLS", None, SORRY, 7, "connectivity", tls=True),
    voice("400 once", status(400, 1), PART, 4, "400"),
    voice("401", status(401), SORRY, 4, "authentication"),
    voice("403", status(403), SORRY, 4, "authorization"),
    voice("429 once", status(429, 1), ANSWER, 4),
    voice("429 throughout", status(429), SORRY, 7, "rate_limit"),
    voice("429 for 20 s", status(429, retry_after=20), SORRY, 4, "rate_limit"),
    voice("500 once", status(500, 1), ANSWER, 4),
    voice("500 throughout", status(500), SORRY, 7, "server"),
    voice("hangs", fault("hang"), SORRY, 12, "no"),
    voice("9 s late", fault("late", 9), SORRY, 12, "no"),
    voice("empty once", once("empty"), ANSWER, 4),
    voice("empty throughout", fault("empty"), SORRY, 4, "no"),
    voice("malformed", fault("malformed"), SORRY, 4, "MP3 instead of PCM"),
    voice("200 with HTML once", once("html"), ANSWER, 4),
    voice("200 with JSON twice", fault("json", times=2), PART, 4, "text instead of sound"),
    voice("200 with HTML throughout", fault("html"), SORRY, 4, "text instead of sound"),
    midway("cut once", once("cut", 24_000), ANSWER, 4),
    midway("cut throughout", fault("cut", 4800), SORRY, 4, "s of sound"),
    midway("stalls once", once("stall", 24_000), ANSWER, 10),
    midway("stalls throughout", fault("stall", 24_000), SORRY, 12, "for 8"),
    midway("trickles", fault("trickle", 2), ANSWER, 7),
)
