"""Runs a test over a telephone call with audio at 8 kHz."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from agentrun.records import CallRecord
from agentrun.simulate.caller import Caller, CallOverError, NoAnswerError, PhoneCall
from agentrun.simulate.caller.exchanges import Heard as Sound
from agentrun.simulate.caller.sound import speech as sounds
from agentrun.simulate.caller.sound.speech import Speech
from agentrun.simulate.engines.engines import VOICE_RATE, Engines
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.spec.models.scenarios import Pause, Scenario, Turn
from agentrun.testing.results.expectation_text import describe
from agentrun.testing.results.expectations import check
from agentrun.testing.results.outcome import Failure, Outcome
from agentrun.testing.results.script_failures import explain
from agentrun.testing.results.spoken_expectations import HeardAnswers, problem
from agentrun.testing.running import analysis
from agentrun.testing.running.call_end import wait_for_end
from agentrun.testing.running.cassettes import loaded
from agentrun.testing.running.shared_servers import SharedServers
from agentrun.testing.scripts.progress import ScriptProgress
from agentrun.testing.scripts.turn_wait import TurnWait
from agentrun.transports.mulaw import RATE

ANSWER_SECONDS = 20.0
GOODBYE_SECONDS = 25.0


@dataclass
class _Conversation:
    """A call that goes through a test's turns."""

    call: PhoneCall
    record: CallRecord
    engines: Engines
    folder: Path
    script: ScriptProgress
    turn_wait: TurnWait
    failures: list[Failure] = field(default_factory=list)
    times: list[float | None] = field(default_factory=list)
    told: int = 0
    calls_told: int = 0
    greeting: float | None = None


async def run(bench: SharedServers, file: SpecFile, scenario: Scenario, index: int, spec: str) -> Outcome:
    """The outcome of the spec's test at ``index``; ``spec`` is how it was named."""
    began = time.monotonic()
    location = file.problem(("tests", index), "")
    place = f"{location.path}:{location.line}"
    if scenario.persona or scenario.context:
        reason = "a simulated caller, and a context to begin with, can't be spoken: run it as text"
        return Outcome(spec, scenario.name, "skipped", 0.0, place, "audio", reason)
    script = ScriptProgress(scenario.turns)
    async with loaded(bench, file, scenario, "audio") as cassette_library:
        with bench.set_up(file, scenario, script, base_url=cassette_library.base_url, spoken=True) as key:
            async with Caller().call(f"http://{bench.address}/{key}") as call:
                await call.until(lambda: bench.switchboard.is_live(file.spec.name, call.call_sid), 10)
                record = bench.switchboard.records.get(file.spec.name, call.call_sid)
                assert record is not None  # noqa: S101
                turn_wait = TurnWait(file.spec, script, lambda: record)
                talk = _Conversation(call, record, bench.engines, file.path.parent, script, turn_wait)
                await _converse(talk, scenario, greets=file.spec.speaks_first)
                if scenario.ended_by:
                    await call.until(
                        lambda: call.ended_by is not None, call.timeline.seconds + GOODBYE_SECONDS
                    )
            missed = [] if talk.failures else await analysis.check(bench, key, scenario, record)
            if scenario.variables:
                await wait_for_end(record)
    failures = talk.failures or check(scenario, record, talk.times)
    outcome = Outcome(
        spec,
        scenario.name,
        "failed" if failures else "passed",
        round(time.monotonic() - began, 3),
        place,
        "audio",
        failures=tuple(failures),
        unjudged=tuple(one.eval for turn in scenario.turns for one in turn.expect if one.eval),
        conversation=tuple(record.transcript),
        turns=len(scenario.turns),
        first_audio=tuple(talk.times),
        greeting=talk.greeting,
    )
    outcome = outcome.despite(cassette_library.misfits).with_failures(missed)
    return explain(outcome, scenario, file.spec, record, script, bench.cast.misplays.pop(key, ()))


async def _converse(talk: _Conversation, scenario: Scenario, *, greets: bool) -> None:
    """Turn after turn, until one fails that ends the test."""
    observed = scenario.turns[0].words is None and scenario.turns[0].dtmf is None
    if greets and not observed:
        await _hear(talk, greeting=True)
        talk.told = len(talk.record.transcript)
    for number, turn in enumerate(scenario.turns):
        talk.script.turn = number
        talk.turn_wait.begin(number)
        following = scenario.turns[number + 1 : number + 2]
        answers = await _take(talk, turn, number, greets, cut=bool(following and following[0].send_after))
        for position, expectation in enumerate(turn.expect):
            if wrong := problem(expectation, answers):
                kind, reason = wrong
                talk.failures.append(Failure(number + 1, position + 1, describe(expectation), reason, kind))
        if talk.failures and scenario.stop_on_failure:
            return


async def _take(talk: _Conversation, turn: Turn, number: int, greets: bool, *, cut: bool) -> HeardAnswers:
    """One turn: speak or press, then listen; an answer that the next turn cuts is not waited for."""
    call, sound, interrupted, wait = talk.call, None, False, None
    asked = turn.words is not None or turn.dtmf is not None
    if turn.dtmf:
        if turn.send_after:
            await call.wait(max(0.3, turn.send_after.delay_ms / 1000))
        interrupted = await call.press(turn.dtmf)
    elif turn.words is not None:
        speech = await _speech(talk, turn)
        if turn.send_after:
            barge = await call.barge_in(speech, after=max(0.3, turn.send_after.delay_ms / 1000))
            interrupted = barge.speaking and barge.silenced_ms is not None
        else:
            await call.say(speech)
    if cut:
        wait = await _first_sound_ms(call)
    elif asked or number == 0:
        sound = await _hear(talk, greeting=greets and not asked)
        wait = sound.first_sound_ms if sound else None
    else:
        sound = await _hear_more(talk, turn)
        wait = sound.first_sound_ms if sound else None
    pieces = [sound] if sound else []
    if not cut:
        pieces += await _hear_out(talk, turn, number)
    if turn.words is not None:
        talk.times.append(wait / 1000 if wait is not None else None)
    heard = [await talk.engines.hearing.transcribe(one.pcm.tobytes(), RATE, "") for one in pieces]
    entries = tuple(talk.record.transcript[talk.told :])
    talk.told = len(talk.record.transcript)
    steps, talk.calls_told = _steps(talk), len(talk.script.calls)
    return HeardAnswers(entries, " ".join(heard), turn.words is not None, wait, interrupted, steps)


def _steps(talk: _Conversation) -> frozenset[str]:
    """The functions of a flow that the model has called since, which run no tool."""
    flow = talk.turn_wait.spec.flow
    steps = {way.name for _, way in flow.functions() if way.transition_only} if flow else set[str]()
    return frozenset(steps.intersection(talk.script.calls[talk.calls_told :]))


async def _hear_out(talk: _Conversation, turn: Turn, number: int) -> list[Sound]:
    """What the agent says after the first words of an answer, as the script has it."""
    call, script = talk.call, talk.script
    since = call.timeline.seconds
    await talk.turn_wait.played(number)
    if script.is_played and number == script.last and script.words:
        await call.until(lambda: talk.turn_wait.is_over or _is_heard(talk), since + ANSWER_SECONDS)
    if call.timeline.first_sound(since) is None:
        return []
    more = await _hear_more(talk, turn)
    return [more] if more else []


def _is_heard(talk: _Conversation) -> bool:
    """Whether the model's last words have been."""
    words = " ".join(talk.script.words.split())
    answers = (entry.written or entry.text for entry in talk.record.transcript if entry.who == "agent")
    return any(words in " ".join(answer.split()) for answer in answers)


async def _first_sound_ms(call: PhoneCall) -> float | None:
    """How long the caller waits for an answer to begin, from now."""
    start = call.timeline.seconds
    await call.until(lambda: call.timeline.first_sound(start) is not None, start + ANSWER_SECONDS)
    began = call.timeline.first_sound(start)
    return None if began is None else (began - start) * 1000


async def _hear(talk: _Conversation, *, greeting: bool) -> Sound | None:
    try:
        if greeting:
            sound = await talk.call.hear_greeting(ANSWER_SECONDS)
            talk.greeting = sound.first_sound_ms / 1000
            return sound
        return await talk.call.hear_answer(ANSWER_SECONDS)
    except (NoAnswerError, CallOverError):
        return None


async def _hear_more(talk: _Conversation, turn: Turn) -> Sound | None:
    """What the agent says to a caller who is silent: a stage of ``turns.idle`` may be long in coming."""
    longest = max((one.within_ms or 0 for one in turn.expect), default=0) / 1000
    try:
        return await talk.call.hear_more(max(ANSWER_SECONDS, longest))
    except (NoAnswerError, CallOverError):
        return None


async def _speech(talk: _Conversation, turn: Turn) -> Speech:
    """The caller's words as sound: a recording, or spoken with the packaged voice and its pauses."""
    if turn.audio:
        return sounds.from_file(talk.folder / turn.audio)
    parts = turn.user if isinstance(turn.user, tuple) else (turn.user or "",)
    pieces = [await _part(talk.engines, part) for part in parts]
    return sounds.from_pcm(b"".join(pieces), VOICE_RATE)


async def _part(engines: Engines, part: str | Pause) -> bytes:
    if isinstance(part, Pause):
        return np.zeros(VOICE_RATE * part.pause_ms // 1000, dtype="<i2").tobytes()
    return b"".join([piece async for piece in engines.voice.speak(part, "alloy", 1.0)])
