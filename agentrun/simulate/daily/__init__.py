"""A mock of Daily's REST API for rooms and tokens."""

from __future__ import annotations

from agentrun.simulate.daily.rooms import DailyRoom, DailyToken
from agentrun.simulate.daily.routes import RecordedRequest
from agentrun.simulate.daily.server import DailyServer

__all__ = ["DailyRoom", "DailyServer", "DailyToken", "RecordedRequest"]
