"""Two faults at once: the silence counts from the caller's last word, whatever takes up the time after it."""

from __future__ import annotations

from functools import partial

from agentrun.simulate.faults import Fault, Route
from tests.calls.fault_rows.row import AGAIN, ANSWER, SORRY, Row, after, fault, once, status

ear, model, voice, tool = (partial(Row, part) for part in ("stt", "llm", "tts", "tool"))
one_ear, one_model, one_voice = (partial(Row, part, fallback="works") for part in ("stt", "llm", "tts"))
both_models, both_voices = (partial(Row, part, fallback="broken") for part in ("llm", "tts"))
socket = partial(Row, "realtime", route="realtime")
greets = partial(socket, moment="greeting")
REACHED = "could not be reached again"
LAST_WORD = "of the caller's last word"


def ear_also(kind: str, seconds: int = 0) -> tuple[Route, Fault]:
    """The ear's fault beside another one."""
    return "transcriptions", fault(kind, seconds)


def model_also(kind: str, seconds: int = 0) -> tuple[Route, Fault]:
    """The model's."""
    return "chat", fault(kind, seconds)


def voice_also(kind: str, seconds: int = 0) -> tuple[Route, Fault]:
    """The voice's."""
    return "speech", fault(kind, seconds)


def then_answers(kind: str, seconds: int = 0) -> tuple[Route, Fault]:
    """That of a realtime model's answers."""
    return "responses", fault(kind, seconds)


def first(kind: str, then: Fault) -> Fault:
    """A socket's fault, and that of the next socket."""
    return Fault(kind, times=1, then=then)  # type: ignore[arg-type]


THEN_HANGS: tuple[Route, Fault] = "chat", after(0, fault("hang"))
THEN_EMPTY: tuple[Route, Fault] = "chat", after(0, fault("empty"))

ROWS = (
    ear("6 s late, the model hangs", fault("late", 6), SORRY, 12, LAST_WORD, beside=model_also("hang")),
    ear("7 s late, the model 9 s late", fault("late", 7), SORRY, 12, LAST_WORD, beside=model_also("late", 9)),
    ear("4 s late, the model 4 s late", fault("late", 4), ANSWER, 10, "", beside=model_also("late", 4)),
    ear("6 s late, the model empty", fault("late", 6), AGAIN, 10, "was empty", beside=model_also("empty")),
    ear("6 s late, the model 500", fault("late", 6), SORRY, 12, "server", beside=("chat", status(500))),
    ear("6 s late, the voice hangs", fault("late", 6), SORRY, 12, "stopped", beside=voice_also("hang")),
    ear("6 s late, the voice empty", fault("late", 6), SORRY, 12, "", beside=voice_also("empty")),
    ear("hangs, the voice hangs", fault("hang"), SORRY, 12, "no transcript", beside=voice_also("hang")),
    ear("hangs, the voice 2 s late", fault("hang"), AGAIN, 12, "", beside=voice_also("late", 2)),
    ear("500 throughout, the voice hangs", status(500), SORRY, 12, "server", beside=voice_also("hang")),
    ear("empty, the voice hangs", fault("empty"), SORRY, 12, "of speech", beside=voice_also("hang")),
    model("7 s late, the voice 2 s late", fault("late", 7), ANSWER, 12, "", beside=voice_also("late", 2)),
    model("7 s late, the voice hangs", fault("late", 7), SORRY, 12, "stopped", beside=voice_also("hang")),
    model("400 once, the voice hangs", status(400, 1), SORRY, 12, "400", beside=voice_also("hang")),
    model("empty, the voice hangs", fault("empty"), SORRY, 12, "was empty", beside=voice_also("hang")),
    model("stalls after words, the voice hangs", fault("stall", 9), SORRY, 12, "", beside=voice_also("hang")),
    model("stalls after words, the voice 401", fault("stall", 9), SORRY, 12, beside=("speech", status(401))),
    tool("3 s late, the model hangs", None, SORRY, 12, LAST_WORD, beside=THEN_HANGS),
    tool("20 s late, the model hangs", None, SORRY, 12, "no answer began", beside=THEN_HANGS),
    tool("20 s late, the model empty", None, AGAIN, 7, "was empty", beside=THEN_EMPTY),
    tool("hangs, the model hangs", None, SORRY, 12, "no answer began", beside=THEN_HANGS),
    tool("blocks the event loop, the model hangs", None, SORRY, 12, "no answer", beside=THEN_HANGS),
    tool("3 s late, the voice hangs", None, SORRY, 12, "stopped", beside=voice_also("hang")),
    tool("20 s late, the voice hangs", None, SORRY, 12, "words were not heard", beside=voice_also("hang")),
    tool("20 s late, the voice 500", None, SORRY, 12, "server", beside=("speech", status(500))),
    socket("deaf, its answer hangs", once("deaf"), SORRY, 12, "no answer", beside=then_answers("hang")),
    socket("deaf, its answer 6 s late", once("deaf"), ANSWER, 10, "", beside=then_answers("late", 6)),
    socket("deaf, its answer empty", once("deaf"), SORRY, 12, "empty", beside=then_answers("empty")),
    socket("deaf, the handshake hangs once", first("deaf", once("handshake")), ANSWER, 7, "went silent"),
    socket("deaf, the handshake hangs", first("deaf", fault("handshake")), SORRY, 10, REACHED),
    socket("deaf, no session.created", first("deaf", fault("hang")), SORRY, 10, REACHED),
    socket("deaf, no session.updated", first("deaf", fault("unset")), SORRY, 10, REACHED),
    socket("deaf, then refused", first("deaf", fault("refuse")), SORRY, 7, REACHED),
    socket("deaf", once("deaf"), ANSWER, 12, "did not hear the caller", moment="in mid question"),
    socket("closed, the handshake hangs", first("close", fault("handshake")), SORRY, 10, REACHED),
    socket("closed, its answer hangs", once("close"), SORRY, 12, "no answer", beside=then_answers("hang")),
    socket("cut, no session.updated", first("drop", fault("unset")), SORRY, 10, REACHED),
    greets("hangs once, its answer hangs", once("handshake"), SORRY, 12, "", beside=then_answers("hang")),
    greets("hangs once, then refused", first("handshake", fault("refuse")), SORRY, 10, REACHED),
    one_ear("hangs, the model hangs", fault("hang"), SORRY, 12, "", beside=model_also("hang")),
    both_models("hang, the ear 6 s late", fault("hang"), SORRY, 12, "", beside=ear_also("late", 6)),
    one_model("hangs, the ear 6 s late", fault("hang"), ANSWER, 12, "", beside=ear_also("late", 6)),
    one_model("hangs, the voice hangs", fault("hang"), SORRY, 12, "", beside=voice_also("hang")),
    both_voices("hang, the model 7 s late", fault("hang"), SORRY, 12, "", beside=model_also("late", 7)),
    one_voice("hangs, the model 5 s late", fault("hang"), ANSWER, 12, "", beside=model_also("late", 5)),
)
