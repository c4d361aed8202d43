"""Asks Twilio for the outcome of a transfer, of which a session on Pipecat Cloud is not notified."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from loguru import logger

from agentrun.errors import SetupError
from agentrun.records import CallRecord
from agentrun.session.speech.transfers import PUT_THROUGH, TRANSFERRED
from agentrun.transports import twilio_rest
from agentrun.transports.dial_verb import NOT_TAKEN
from agentrun.transports.twilio_rest import TwilioError

POLL_SECONDS = 2.0
LONGER_SECONDS = 15.0
"""How much longer than it may ring Twilio may take to report the end of a transfer."""
_RINGING = frozenset({"", "queued", "initiated", "ringing"})


async def complete(record: CallRecord, environ: Mapping[str, str], ring: float) -> bool:
    """Have the ``record`` of a call that has ended say that nobody took the caller; whether it was changed.

    It rings there for ``ring`` seconds. Returns once Twilio knows, at once where nobody was handed on.
    """
    handed_on = TRANSFERRED in record.reason or PUT_THROUGH in record.reason
    if record.transport != "twilio" or not handed_on:
        return False
    words = await _words(record.id, environ, ring + LONGER_SECONDS)
    return bool(words) and record.add_to_reason(words)


async def _words(call_sid: str, environ: Mapping[str, str], seconds: float) -> str:
    """Why nobody took the caller; nothing where somebody did, or nobody can say within ``seconds``."""
    try:
        account = twilio_rest.account(environ)
        async with asyncio.timeout(seconds):
            while (status := await account.dialled(call_sid)) in _RINGING:  # noqa: ASYNC110 - Twilio's to end
                await asyncio.sleep(POLL_SECONDS)
    except (SetupError, TwilioError, TimeoutError) as error:
        why = getattr(error, "message", "") or type(error).__name__
        logger.warning("call {}: Twilio does not say what became of the transfer: {}", call_sid, why)
        return ""
    return NOT_TAKEN.get(status, "")
