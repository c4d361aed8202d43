"""The telephone network behind the mock Twilio: a placed call rings, and is answered or not."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import httpx
from twilio.request_validator import RequestValidator

from agentrun.http import tls
from agentrun.simulate.caller.phone_call import PhoneCall
from agentrun.simulate.caller.twilio import twiml, webhook
from agentrun.simulate.caller.twilio.media_socket import MediaSocket
from agentrun.simulate.caller.twilio.next_stream import what_follows
from agentrun.simulate.caller.twilio.outgoing_messages import Messages
from agentrun.simulate.twilio.calls import CallUpdate, TwilioCall

End = Literal["busy", "no-answer", "failed"]
RING_SECONDS = 0.2


async def _listens(call: PhoneCall) -> None:
    await call.until(lambda: call.ended_by is not None, 60)


@dataclass
class Callee:
    """Who is called: a person, or a machine (``answered_by`` is Twilio's word); ``lives`` is what it does.

    With ``end`` nobody answers. ``calls`` are those that were answered, ``told`` what the agent's server said
    to each of Twilio's callbacks.
    """

    answered_by: str = "human"
    end: End | None = None
    lives: Callable[[PhoneCall], Awaitable[None]] = _listens
    ring_seconds: float = RING_SECONDS
    calls: list[PhoneCall] = field(default_factory=list)
    told: list[int] = field(default_factory=list)


@dataclass
class Network:
    """Puts calls through to ``callee``; its webhooks are signed with ``auth_token``."""

    auth_token: str
    callee: Callee

    async def put_through(self, call: TwilioCall) -> None:
        """One call, from its first ring to its end."""
        callee = self.callee
        await self._tell(call, "initiated")
        call.set_status("ringing")
        await self._tell(call, "ringing")
        await asyncio.sleep(callee.ring_seconds)
        if call.status == "completed":
            await self._tell(call, "canceled")
        elif callee.end:
            call.set_status(callee.end)
            await self._tell(call, callee.end)
        else:
            await self._answer(call)

    async def _answer(self, call: TwilioCall) -> None:
        call.set_status("in-progress")
        url = call.asked["Url"]
        form = {**self._form(call, "in-progress"), "Direction": "outbound-api"}
        stream = await self._ask(url, form)
        await self._tell(call, "in-progress")
        messages = Messages(call.account_sid, call.sid, "MZ" + uuid.uuid4().hex)
        line = await MediaSocket.open(twiml.reachable(stream.url, url), lambda: 0.0)
        phone = PhoneCall(line, messages, 0.0)
        self.callee.calls.append(phone)
        call.is_over = lambda: phone.over
        call.on_update = _ending(phone)
        phone.start(stream.parameters, what_follows(stream, url, form, self._ask))
        detecting = asyncio.create_task(self._detect(call))
        try:
            await self.callee.lives(phone)
        finally:
            await phone.close()
            await asyncio.wait({detecting})
        call.set_status("completed")
        await self._tell(call, "completed")

    async def _ask(self, url: str, form: Mapping[str, str]) -> twiml.Stream:
        return await webhook.ask(url, form, self.auth_token)

    async def _detect(self, call: TwilioCall) -> None:
        """Answering-machine detection, which takes Twilio some seconds."""
        if callback := call.asked.get("AsyncAmdStatusCallback"):
            await asyncio.sleep(self.callee.ring_seconds)
            form = {"CallSid": call.sid, "AnsweredBy": self.callee.answered_by}
            await self._post(callback, {"AccountSid": call.account_sid, **form})

    async def _tell(self, call: TwilioCall, status: str) -> None:
        event = "answered" if status == "in-progress" else "completed" if status in _ENDS else status
        if event in call.asked.get("StatusCallbackEvent", "").split():
            await self._post(call.asked["StatusCallback"], self._form(call, status))

    async def _post(self, url: str, form: dict[str, str]) -> None:
        signature = RequestValidator(self.auth_token).compute_signature(url, form)
        async with httpx.AsyncClient(trust_env=False, verify=tls.context()) as client:
            answer = await client.post(url, data=form, headers={"X-Twilio-Signature": signature})
        self.callee.told.append(answer.status_code)

    def _form(self, call: TwilioCall, status: str) -> dict[str, str]:
        return {
            "AccountSid": call.account_sid,
            "CallSid": call.sid,
            "CallStatus": status,
            "From": call.from_number,
            "To": call.to_number,
        }


_ENDS = ("completed", "busy", "no-answer", "failed", "canceled")


def _ending(phone: PhoneCall) -> Callable[[CallUpdate], None]:
    return lambda asked: phone.complete(asked.twiml or asked.url)
