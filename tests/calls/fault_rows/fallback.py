"""Faults of a part that has a second service: it answers in the same turn, also where the first is silent."""

from __future__ import annotations

from functools import partial

from tests.calls.fault_rows.row import AGAIN, ANSWER, PART, SORRY, Row, fault, status

ear, model, voice = (partial(Row, part, fallback="works") for part in ("stt", "llm", "tts"))
both = partial(Row, fallback="broken")
_BOTH = "500 throughout, the second service too"

ROWS = (
    ear("refused throughout", fault("refuse"), ANSWER, 4, "connectivity"),
    ear("401", status(401), ANSWER, 4, "authentication"),
    ear("429 for 20 s", status(429, retry_after=20), ANSWER, 4, "rate_limit"),
    ear("500 throughout", status(500), ANSWER, 4, "server"),
    ear("hangs", fault("hang"), ANSWER, 7, "no transcript within 3 s"),
    ear("malformed", fault("malformed"), ANSWER, 4, "unknown"),
    ear("200 with HTML", fault("html"), ANSWER, 4, "unknown"),
    both("stt", _BOTH, status(500), SORRY, 4, "server"),
    model("refused throughout", fault("refuse"), ANSWER, 7, "connectivity", moment="greeting"),
    model("refused throughout", fault("refuse"), ANSWER, 7, "connectivity"),
    model("401", status(401), ANSWER, 4, "authentication"),
    model("429 for 20 s", status(429, retry_after=20), ANSWER, 4, "rate_limit"),
    model("500 throughout", status(500), ANSWER, 7, "server"),
    model("hangs before an answer", fault("hang"), ANSWER, 4, "nothing within 3 s"),
    model("empty throughout", fault("empty"), ANSWER, 4, "the answer was empty: stop"),
    model("malformed throughout", fault("malformed"), ANSWER, 4, "unknown"),
    model("200 with HTML", fault("html"), ANSWER, 4, "content type text/html"),
    model("cut throughout", fault("cut", 6), PART, 4, moment="in mid answer"),
    model("stalls throughout", fault("stall", 4), PART, 4, moment="in mid answer"),
    both("llm", _BOTH, status(500), SORRY, 10, "server"),
    both("llm", "empty throughout, the second service too", fault("empty"), AGAIN, 4, "was empty: stop"),
    both("llm", "hangs, the second service too", fault("hang"), SORRY, 12, "nothing within 3 s"),
    voice("refused", fault("refuse"), ANSWER, 7, "connectivity", moment="greeting"),
    voice("refused throughout", fault("refuse"), ANSWER, 7, "connectivity"),
    voice("401", status(401), ANSWER, 4, "authentication"),
    voice("429 for 20 s", status(429, retry_after=20), ANSWER, 4, "rate_limit"),
    voice("500 throughout", status(500), ANSWER, 7, "server"),
    voice("hangs", fault("hang"), ANSWER, 4, "nothing"),
    voice("empty throughout", fault("empty"), ANSWER, 4, "nothing in it"),
    voice("malformed", fault("malformed"), ANSWER, 4, "MP3 instead of PCM"),
    voice("200 with HTML throughout", fault("html"), ANSWER, 4, "text instead of sound"),
    voice("cut throughout", fault("cut", 4800), ANSWER, 4, "", moment="in mid answer"),
    voice("stalls throughout", fault("stall", 24_000), ANSWER, 7, "", moment="in mid answer"),
    both("tts", _BOTH, status(500), SORRY, 10, "server"),
)
