"""What a caller hears of each fault of a provider: data for the test, and for the page that lists it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from agentrun.simulate.faults import Fault, Route

ANSWER_SECONDS = 8.0
"""``limits.answer`` of the table's agent."""
MOST_SILENCE = ANSWER_SECONDS + 4
APOLOGY, REPEAT = "I am sorry.", "Sorry, say that again."

Part = Literal["stt", "llm", "tts", "realtime"]
Hears = Literal["the answer", "the question again", "the apology", "a part, and more"]
ROUTES: dict[Part, Route] = {
    "stt": "transcriptions",
    "llm": "chat",
    "tts": "speech",
    "realtime": "responses",
}


@dataclass(frozen=True)
class Row:
    """A ``fault`` of a ``part``: what the caller ``hears``, if the call goes on, what the record names."""

    part: Part
    name: str
    fault: Fault = field(repr=False)
    hears: Hears
    goes_on: bool
    record: str = ""
    moment: Literal["turn", "in mid answer", "greeting"] = "turn"

    @property
    def id(self) -> str:
        """The row's name as a test's."""
        return f"{self.part}, {self.name}, {self.moment}"


def status(number: int, times: int = -1, **more: object) -> Fault:
    """An HTTP status instead of an answer."""
    return Fault("status", number, times, **more)  # type: ignore[arg-type]


ROWS = (
    # speech to text
    Row("stt", "400 once", status(400, 1), "the question again", True, "400"),
    Row("stt", "401", status(401), "the apology", False, "authentication"),
    Row("stt", "429 once", status(429, 1), "the answer", True),
    Row("stt", "500 once", status(500, 1), "the answer", True),
    Row("stt", "500 throughout", status(500), "the question again", True, "server"),
    Row("stt", "429 for 20 s", status(429, retry_after=20), "the question again", True, "rate_limit"),
    Row("stt", "hangs", Fault("hang"), "the question again", True, "no transcript within 8 s"),
    Row("stt", "9 s late", Fault("late", after=9), "the question again", True, "no transcript within 8 s"),
    Row("stt", "empty", Fault("empty"), "the question again", True, "of speech"),
    Row("stt", "200 with HTML", Fault("html"), "the question again", True, "unknown"),
    # the language model
    Row(
        "llm", "400 once", status(400, 1, code="content_filter"), "the question again", True, "content_filter"
    ),
    Row("llm", "401", status(401), "the apology", False, "authentication"),
    Row("llm", "403", status(403), "the apology", False, "authorization"),
    Row("llm", "429 once", status(429, 1), "the answer", True),
    Row("llm", "429 throughout", status(429), "the apology", False, "rate_limit"),
    Row("llm", "429 for 20 s", status(429, retry_after=20), "the question again", True, "rate_limit"),
    Row("llm", "429, quota used up", status(429, code="insufficient_quota"), "the apology", False, "quota"),
    Row("llm", "500 once", status(500, 1), "the answer", True),
    Row("llm", "500 throughout", status(500), "the apology", False, "server"),
    Row("llm", "hangs before an answer", Fault("hang"), "the apology", False, "no answer began within 8 s"),
    Row("llm", "empty once", Fault("empty", times=1), "the answer", True, "the answer was empty: stop"),
    Row("llm", "filtered once", Fault("empty", times=1, code="content_filter"), "the answer", True, "filter"),
    Row("llm", "empty throughout", Fault("empty"), "the question again", True, "the answer was empty: stop"),
    Row(
        "llm",
        "200 with HTML",
        Fault("html"),
        "the question again",
        True,
        "status 200, content type text/html",
    ),
    Row("llm", "200 with JSON", Fault("json"), "the question again", True, "content type application/json"),
    Row("llm", "cut once", Fault("cut", after=6, times=1), "a part, and more", True, "", "in mid answer"),
    Row(
        "llm",
        "stalls once",
        Fault("stall", after=9, times=1),
        "a part, and more",
        True,
        "stopped",
        "in mid answer",
    ),
    # the voice
    Row("tts", "400 once", status(400, 1), "a part, and more", True, "400"),
    Row("tts", "401", status(401), "the apology", False, "authentication"),
    Row("tts", "429 once", status(429, 1), "the answer", True),
    Row("tts", "500 once", status(500, 1), "the answer", True),
    Row("tts", "500 throughout", status(500), "the apology", False, "server"),
    Row("tts", "hangs", Fault("hang"), "the apology", False, "no"),
    Row("tts", "empty once", Fault("empty", times=1), "the answer", True),
    Row("tts", "200 with HTML once", Fault("html", times=1), "the answer", True),
    Row(
        "tts",
        "200 with JSON twice",
        Fault("json", times=2),
        "a part, and more",
        True,
        "text instead of sound",
    ),
    Row("tts", "200 with HTML throughout", Fault("html"), "the apology", False, "text instead of sound"),
    Row("tts", "cut once", Fault("cut", after=24_000, times=1), "the answer", True, "", "in mid answer"),
    Row(
        "tts",
        "cut throughout",
        Fault("cut", after=4800),
        "the apology",
        False,
        "s of sound",
        "in mid answer",
    ),
    Row("tts", "stalls once", Fault("stall", after=24_000, times=1), "the answer", True, "", "in mid answer"),
    # a realtime model
    Row("realtime", "failed once", status(429, 1), "the answer", True, "failed (rate_limit_exceeded)"),
    Row(
        "realtime",
        "empty once",
        Fault("empty", times=1),
        "the answer",
        True,
        "the answer was empty: completed",
    ),
    Row("realtime", "empty throughout", Fault("empty"), "the apology", False, "the answer was empty"),
    Row(
        "realtime",
        "fails once",
        Fault("cut", after=48_000, times=1),
        "a part, and more",
        True,
        "",
        "in mid answer",
    ),
    Row(
        "realtime",
        "stalls once",
        Fault("stall", after=48_000, times=1),
        "a part, and more",
        True,
        "",
        "in mid answer",
    ),
)


def page() -> str:
    """The table for people, in Markdown."""
    lines = [
        "# Faults, and what a caller hears of them",
        "",
        "Each row is a test: an agent with one service a part, no `fallback`, and "
        f"`limits.answer: {ANSWER_SECONDS:g}s`. No silence is longer than `limits.answer` and 4 s.",
        "",
        "| part | fault | moment | the caller hears | the call | the record names |",
        "|---|---|---|---|---|---|",
    ]
    for row in ROWS:
        fate = "goes on" if row.goes_on else "ends after it"
        named = f"`{row.record}`" if row.record else ""
        lines.append(f"| {row.part} | {row.name} | {row.moment} | {row.hears} | {fate} | {named} |")
    lines += [
        "",
        "`the question again` is `prompts.repeat`, `the apology` is `prompts.apology`, heard in full. "
        "Why in this order: [What happens when a provider fails](../explanation/failures.md).",
    ]
    return "\n".join(lines) + "\n"
