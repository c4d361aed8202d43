"""The report of a call."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from agentrun.simulate.caller.conversation import CallProgress
from agentrun.simulate.caller.phone_call import PhoneCall
from agentrun.simulate.caller.refusal import RefusedError

_LATE_SECONDS = 0.1
_OPTIONAL = ("wav", "said", "name", "arguments", "status", "first_sound_ms", "seconds", "interrupted")


@dataclass(frozen=True)
class Turn:
    """One line of what was said and done.

    A caller's ``text`` is what the agent understood, ``said`` or ``wav`` what was really said; an agent's
    ``first_sound_ms`` is the time from the end of the caller's speech, ``seconds`` the length of its speech.
    """

    who: Literal["caller", "agent", "tool"]
    text: str
    wav: str = ""
    said: str = ""
    name: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    status: str = ""
    first_sound_ms: float | None = None
    seconds: float | None = None
    interrupted: bool = False

    def as_json(self) -> dict[str, Any]:
        """Without what is empty or does not concern this turn."""
        data = asdict(self)
        for key in _OPTIONAL:
            if data[key] in (None, "", False) or (key == "arguments" and self.who != "tool"):
                del data[key]
        if self.first_sound_ms is not None:
            data["first_sound_ms"] = round(self.first_sound_ms)
        if self.seconds is not None:
            data["seconds"] = round(self.seconds, 2)
        return data


@dataclass
class Report:
    """A call from its first ring to its end; ``failure`` is empty when the script was carried out.

    ``gaps_ms`` holds the stutters of the agent's sound, ``unheard_ms`` what was cut off at the end,
    ``late_ms`` the worst delay of the caller's own clock: when it is large, the times are not to be trusted.
    """

    url: str
    call_sid: str = ""
    answered: bool = False
    failure: str = ""
    hint: str = ""
    heard: str = ""
    turns: list[Turn] = field(default_factory=list)
    greeting_ms: float | None = None
    barge_in_ms: float | None = None
    clear_ms: float | None = None
    ended_by: str = ""
    reason: str = ""
    redirect: str = ""
    seconds: float = 0.0
    gaps_ms: list[int] = field(default_factory=list)
    unheard_ms: int = 0
    late_ms: int = 0
    mistakes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """One object, as `agentrun call --json` prints it; times are whole milliseconds."""
        data = {key: value for key, value in vars(self).items() if value not in ("", None)}
        for key in ("greeting_ms", "barge_in_ms", "clear_ms"):
            value = getattr(self, key)
            data[key] = None if value is None else round(value)
        data["seconds"] = round(self.seconds, 2)
        data["turns"] = [turn.as_json() for turn in self.turns]
        data["tools"] = [turn.as_json() for turn in self.turns if turn.who == "tool"]
        return data


def refused(url: str, error: RefusedError) -> Report:
    """The report of a call that was not connected."""
    return Report(url, failure=error.message, hint=error.hint, heard=error.heard)


def make(url: str, call: PhoneCall, course: CallProgress, turns: list[Turn]) -> Report:
    """The report of a call that is over."""
    greeting = course.exchanges[0].heard if course.exchanges else None
    interruption = course.barge_in
    cut_by_agent = call.unheard if call.ended_by != "caller" else 0.0
    return Report(
        url,
        call.call_sid,
        answered=call.timeline.first_sound(0.0) is not None,
        failure=course.failure,
        turns=turns,
        greeting_ms=(call.connect_seconds + greeting.started_at) * 1000 if greeting else None,
        barge_in_ms=interruption.silenced_ms if interruption else None,
        clear_ms=interruption.cleared_ms if interruption else None,
        ended_by=call.ended_by or "",
        reason=call.reason,
        redirect=call.redirect,
        seconds=call.timeline.seconds,
        gaps_ms=[round(gap * 1000) for gap in call.timeline.gaps],
        unheard_ms=round(cut_by_agent * 1000),
        late_ms=round(call.latest_tick * 1000),
        mistakes=list(call.mistakes),
        notes=_notes(call, course),
    )


def _notes(call: PhoneCall, course: CallProgress) -> list[str]:
    notes = []
    if course.barge_in and not course.barge_in.speaking:
        notes.append("the answer was over before it could be interrupted")
    if call.latest_tick > _LATE_SECONDS:
        late = round(call.latest_tick * 1000)
        notes.append(f"this machine was busy: frames were up to {late} ms late, so the times are too")
    if call.redirect:
        notes.append(f"the call went on to: {call.redirect}")
    return notes
