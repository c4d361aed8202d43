"""The calls of a mock Twilio account."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

API_VERSION = "2010-04-01"
STATUSES = frozenset(
    {"queued", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled"}
)
ENDED = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


@dataclass(frozen=True)
class CallUpdate:
    """What an agent asked for: an end (``status``), or other TwiML, inline or at an address."""

    status: str = ""
    twiml: str = ""
    url: str = ""


@dataclass
class TwilioCall:
    """A call as Twilio's REST API shows it.

    ``on_update`` hears of every accepted update; ``asked`` holds the fields that an outbound call was
    placed with. ``is_over`` tells of a call that ended without the API.
    """

    account_sid: str
    from_number: str
    to_number: str
    sid: str = field(default_factory=lambda: "CA" + uuid.uuid4().hex)
    status: str = "in-progress"
    direction: str = "inbound"
    parent: str = ""
    """The SID of the call that has dialled this one."""
    asked: Mapping[str, str] = field(default_factory=dict)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    on_update: Callable[[CallUpdate], None] = lambda _update: None
    is_over: Callable[[], bool] = lambda: False

    @property
    def ended(self) -> bool:
        """Whether nothing can be changed any more."""
        return self.status in ENDED or self.is_over()

    def set_status(self, status: str) -> None:
        """Let the call ring, be answered or fail; raises ValueError for a status unknown to Twilio."""
        if status not in STATUSES:
            raise ValueError(f"'{status}' is not one of {', '.join(sorted(STATUSES))}")
        self.status = status

    def update(self, update: CallUpdate) -> None:
        """Do what an agent asked for."""
        if update.status:
            self.set_status(update.status)
        self.on_update(update)

    def as_json(self) -> dict[str, Any]:
        """The fields of Twilio's call resource that a client reads."""
        return {
            "sid": self.sid,
            "account_sid": self.account_sid,
            "api_version": API_VERSION,
            "from": self.from_number,
            "to": self.to_number,
            "parent_call_sid": self.parent or None,
            "status": "completed" if self.is_over() else self.status,
            "direction": self.direction,
            "date_created": format_datetime(self.created),
            "uri": f"/{API_VERSION}/Accounts/{self.account_sid}/Calls/{self.sid}.json",
        }
