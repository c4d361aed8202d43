"""A mock of Twilio's REST API: hanging up, redirecting and placing calls."""

from __future__ import annotations

from agentrun.simulate.twilio.calls import CallUpdate, TwilioCall
from agentrun.simulate.twilio.network import Callee, Network
from agentrun.simulate.twilio.routes import RecordedRequest
from agentrun.simulate.twilio.server import TwilioServer

__all__ = ["CallUpdate", "Callee", "Network", "RecordedRequest", "TwilioCall", "TwilioServer"]
