"""Faults of the ear and of the voice of a cascade."""

from __future__ import annotations

from functools import partial

from tests.calls.fault_rows.row import AGAIN, ANSWER, PART, SORRY, Row, fault, once, status

ear, voice = partial(Row, "stt"), partial(Row, "tts")
greets = partial(voice, moment="greeting")
midway = partial(voice, moment="in mid answer")

ROWS = (
    ear("refused once", once("refuse"), ANSWER, 12),
    ear("refused throughout", fault("refuse"), AGAIN, 12, "connectivity"),
    ear("TLS", None, AGAIN, 12, "connectivity", tls=True),
    ear("400 once", status(400, 1), AGAIN, 12, "400"),
    ear("401", status(401), SORRY, 12, "authentication"),
    ear("403", status(403), SORRY, 12, "authorization"),
    ear("429 once", status(429, 1), ANSWER, 12),
    ear("429 throughout", status(429), AGAIN, 12, "rate_limit"),
    ear("429 for 20 s", status(429, retry_after=20), AGAIN, 12, "rate_limit"),
    ear("429, quota used up", status(429, code="insufficient_quota"), SORRY, 12, "quota"),
    ear("500 once", status(500, 1), ANSWER, 12),
    ear("500 throughout", status(500), AGAIN, 12, "server"),
    ear("hangs", fault("hang"), AGAIN, 12, "no transcript within 8 s"),
    ear("cut once", once("cut"), ANSWER, 12),
    ear("cut throughout", fault("cut"), AGAIN, 12, "connectivity"),
    ear("9 s late", fault("late", 9), AGAIN, 12, "no transcript within 8 s"),
    ear("empty", fault("empty"), AGAIN, 12, "of speech"),
    ear("malformed", fault("malformed"), AGAIN, 12, "unknown"),
    ear("200 with JSON", fault("json"), AGAIN, 12, ""),
    ear("200 with HTML", fault("html"), AGAIN, 12, "unknown"),
    # the voice, of fixed words
    greets("refused", fault("refuse"), SORRY, 12, "connectivity"),
    greets("TLS", None, SORRY, 12, "connectivity", tls=True),
    greets("400 once", status(400, 1), SORRY, 12, "400"),
    greets("401", status(401), SORRY, 12, "authentication"),
    greets("429 once", status(429, 1), ANSWER, 12),
    greets("500 once", status(500, 1), ANSWER, 12),
    greets("500 throughout", status(500), SORRY, 12, "server"),
    greets("hangs", fault("hang"), SORRY, 12, "no"),
    greets("empty once", once("empty"), ANSWER, 12),
    greets("cut once", once("cut", 4800), ANSWER, 12),
    greets("trickles", fault("trickle", 2), ANSWER, 12),
    greets("200 with HTML", fault("html"), SORRY, 12, "text instead of sound"),
    # and of an answer
    voice("refused once", once("refuse"), ANSWER, 12),
    voice("refused throughout", fault("refuse"), SORRY, 12, "connectivity"),
    voice("TLS", None, SORRY, 12, "connectivity", tls=True),
    voice("400 once", status(400, 1), PART, 12, "400"),
    voice("401", status(401), SORRY, 12, "authentication"),
    voice("403", status(403), SORRY, 12, "authorization"),
    voice("429 once", status(429, 1), ANSWER, 12),
    voice("429 throughout", status(429), SORRY, 12, "rate_limit"),
    voice("429 for 20 s", status(429, retry_after=20), SORRY, 12, "rate_limit"),
    voice("500 once", status(500, 1), ANSWER, 12),
    voice("500 throughout", status(500), SORRY, 12, "server"),
    voice("hangs", fault("hang"), SORRY, 12, "no"),
    voice("9 s late", fault("late", 9), SORRY, 12, "no"),
    voice("empty once", once("empty"), ANSWER, 12),
    voice("empty throughout", fault("empty"), SORRY, 12, "no"),
    voice("malformed", fault("malformed"), SORRY, 12, "MP3 instead of PCM"),
    voice("200 with HTML once", once("html"), ANSWER, 12),
    voice("200 with JSON twice", fault("json", times=2), PART, 12, "text instead of sound"),
    voice("200 with HTML throughout", fault("html"), SORRY, 12, "text instead of sound"),
    midway("cut once", once("cut", 24_000), ANSWER, 12),
    midway("cut throughout", fault("cut", 4800), SORRY, 12, "s of sound"),
    midway("stalls once", once("stall", 24_000), ANSWER, 12),
    midway("stalls throughout", fault("stall", 24_000), SORRY, 12, "no"),
    midway("trickles", fault("trickle", 2), ANSWER, 12),
)
