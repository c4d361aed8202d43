"""Turns keys that a caller presses into turns, as if they had spoken."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from pipecat.pipeline.worker import PipelineWorker

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.flows.flow import CallFlow
from agentrun.pipeline.flows.flow_worker import FlowWorker
from agentrun.pipeline.pipecat_private import CallerWordsFrame
from agentrun.session.speech.announcements import Announcements
from agentrun.session.tracking.transcript import Transcript
from agentrun.session.turns.caller_turns import CallerTurns
from agentrun.spec.models.telephone_keys import KeyChoice, Keys

_IN_VAIN = "What the caller chose can't be reached now. Say so in a few words, and ask what else you can do."
MOST_WAITING = 200
"""The most keys that may wait for a turn, since some lines beep forever."""


@dataclass(frozen=True)
class _Press:
    key: str
    at: float


class KeyTurns:
    """Collects the keys of one call into entries, and gives each to the model or follows the menu.

    The first key cuts the agent off where speech would. What a caller presses while they speak belongs to
    the turn that they are at.
    """

    def __init__(
        self,
        turns: CallerTurns,
        flow: CallFlow | None,
        voice: Announcements,
        worker: PipelineWorker,
        transcript: Transcript,
    ) -> None:
        self._turns = turns
        self._flow = flow
        self._voice = voice
        self._llm = turns.parts.llm
        self._line = FlowWorker(worker, self._llm)
        self._transcript = transcript
        self._going: set[asyncio.Task[None]] = set()
        self._pressed: asyncio.Queue[_Press] = asyncio.Queue(MOST_WAITING)
        self._finish = _Press("", 0.0)

    def take(self, key: str) -> bool:
        """Receive a key that no tool collects; returns whether it is used.

        It is not where no keys are asked for, while the caller is not listened to, and once the call ends.
        """
        if self._keys() is None or self._turns.muted or self._turns.is_over() or self._pressed.full():
            return False
        self._pressed.put_nowait(_Press(key, asyncio.get_running_loop().time()))
        return True

    async def run(self) -> None:
        """Turn keys into turns until cancelled."""
        try:
            while True:
                press = await self._pressed.get()
                at, keys = self._transcript.now, self._keys()
                if keys and not self._finishes(press, keys):
                    await self._turns.input_begins()
                    await self._cut_off()
                    await self._end(keys, await self._entry(keys, press), at)
        finally:
            for going in self._going:
                going.cancel()

    def _keys(self) -> Keys | None:
        """What keys mean at the moment, at the flow's node or for the agent."""
        return (self._flow.keys if self._flow else None) or self._turns.spec.turns.keys

    async def _cut_off(self) -> None:
        allowed = self._flow.interruptions if self._flow else self._turns.spec.turns.interruptions
        if not allowed or self._turns.speaking.caller:
            return
        self._turns.response_deadline.caller_speaks()
        if pipecat_private.speaks_like_openai(self._llm):
            await pipecat_private.realtime_give_up_answer(self._llm)
        await self._voice.silence(by="caller")

    async def _entry(self, keys: Keys, press: _Press) -> str:
        """The keys of one entry; the one that ends it is left out, unless it is alone."""
        pressed = press.key
        while not keys.is_whole(pressed) and pressed != keys.finish:
            try:
                press = await asyncio.wait_for(self._pressed.get(), keys.timeout)
            except TimeoutError:
                return pressed
            if press.key == keys.finish:
                return pressed
            pressed += press.key
        if keys.finish and pressed != keys.finish:
            self._finish = _Press(keys.finish, press.at + keys.timeout)
        return pressed

    def _finishes(self, press: _Press, keys: Keys) -> bool:
        """Whether a key only ends the entry before it, which was whole without it, as callers press it."""
        finish, self._finish = self._finish, _Press("", 0.0)
        return press.key == finish.key and press.at <= finish.at and press.key not in keys.menu

    async def _end(self, keys: Keys, pressed: str, at: float) -> None:
        choice = keys.menu.get(pressed)
        self._transcript.pressed(pressed, choice.say if choice else pressed, at)
        if keys.wrong and keys.is_wrong(pressed):
            await self._turns.input_ends(answered=True)
            await self._voice.say(keys.wrong)
        elif choice and choice.to and self._flow:
            await self._tell(choice, pressed, answered=False)
            speaks = await self._flow.choose(choice.to)
            await self._turns.input_ends(answered=speaks is not False)
            if speaks is None:
                await self._voice.ask(_IN_VAIN)
            else:
                self._lead(self._flow, choice.to)
        else:
            answered = not self._turns.speaking.caller
            await self._turns.input_ends(answered=answered)
            await self._tell(choice, pressed, answered=answered)

    def _lead(self, flow: CallFlow, name: str) -> None:
        """Lead the caller to a node; keys are taken meanwhile, for words that are said on the way."""
        going = asyncio.create_task(flow.go(name))
        self._going.add(going)
        going.add_done_callback(self._going.discard)

    async def _tell(self, choice: KeyChoice | None, pressed: str, *, answered: bool) -> None:
        message: Any = {"role": "user", "content": choice.say if choice else pressed}
        await self._line.queue_frame(CallerWordsFrame([message], run_llm=answered))
