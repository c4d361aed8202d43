"""Faults of the language model of a cascade."""

from __future__ import annotations

from functools import partial

from tests.calls.fault_rows.row import AGAIN, ANSWER, PART, SORRY, Row, fault, once, status

turn = partial(Row, "llm")
greets = partial(turn, moment="greeting")
midway = partial(turn, moment="in mid answer")

ROWS = (
    greets("refused", fault("refuse"), SORRY, 7, "connectivity"),
    greets("TLS", None, SORRY, 7, "connectivity", tls=True),
    greets("400 once", status(400, 1), AGAIN, 4, "400"),
    greets("401", status(401), SORRY, 4, "authentication"),
    greets("429 once", status(429, 1), ANSWER, 4),
    greets("500 once", status(500, 1), ANSWER, 4),
    greets("500 throughout", status(500), SORRY, 7, "server"),
    greets("hangs before an answer", fault("hang"), SORRY, 10, "no answer began within 8 s"),
    greets("empty once", once("empty"), ANSWER, 4, "the answer was empty: stop"),
    greets("200 with HTML", fault("html"), AGAIN, 4, "status 200, content type text/html"),
    turn("refused once", once("refuse"), ANSWER, 4),
    turn("refused throughout", fault("refuse"), SORRY, 7, "connectivity"),
    turn("TLS", None, SORRY, 7, "connectivity", tls=True),
    turn("400 once", status(400, 1, code="content_filter"), AGAIN, 4, "content_filter"),
    turn("401", status(401), SORRY, 4, "authentication"),
    turn("403", status(403), SORRY, 4, "authorization"),
    turn("429 once", status(429, 1), ANSWER, 4),
    turn("429 throughout", status(429), SORRY, 7, "rate_limit"),
    turn("429 for 20 s", status(429, retry_after=20), AGAIN, 4, "rate_limit"),
    turn("429, quota used up", status(429, code="insufficient_quota"), SORRY, 4, "quota"),
    turn("500 once", status(500, 1), ANSWER, 4),
    turn("500 throughout", status(500), SORRY, 7, "server"),
    turn("hangs before an answer", fault("hang"), SORRY, 12, "no answer began within 8 s"),
    turn("hangs after the first byte", fault("stall", 1), SORRY, 12, "no answer began within 8 s"),
    turn("9 s late", fault("late", 9), SORRY, 12, "no answer began within 8 s"),
    turn("empty once", once("empty"), ANSWER, 4, "the answer was empty: stop"),
    turn("filtered once", once("empty", code="content_filter"), ANSWER, 4, "filter"),
    turn("cut by its length once", once("empty", code="length"), ANSWER, 4, "length"),
    turn("empty throughout", fault("empty"), AGAIN, 4, "the answer was empty: stop"),
    turn("malformed once", once("malformed"), ANSWER, 12, "unknown"),
    turn("malformed throughout", fault("malformed"), SORRY, 12, "unknown"),
    turn("200 with HTML", fault("html"), AGAIN, 4, "status 200, content type text/html"),
    turn("200 with JSON", fault("json"), AGAIN, 4, "content type application/json"),
    midway("cut once", once("cut", 6), PART, 4),
    midway("cut throughout", fault("cut", 6), SORRY, 4),
    midway("stalls once", once("stall", 9), PART, 12, "stopped"),
    midway("stalls throughout", fault("stall", 4), SORRY, 12, "no answer"),
    midway("trickles, a word in 2 s", fault("trickle", 2), SORRY, 12, "stopped"),
)
