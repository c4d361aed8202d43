"""The rooms and tokens of a mock Daily domain."""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

ROOM_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
ROOM_PROPERTIES = frozenset(
    {
        "exp",
        "nbf",
        "max_participants",
        "geo",
        "eject_at_room_exp",
        "eject_after_elapsed",
        "enable_chat",
        "enable_prejoin_ui",
        "enable_emoji_reactions",
        "enable_dialout",
        "enable_recording",
        "enable_transcription_storage",
        "recordings_bucket",
        "transcription_bucket",
        "sip",
        "start_video_off",
        "start_audio_off",
    }
)
"""Those of https://docs.daily.co/reference/rest-api/rooms/create-room that voice has a use for."""


@dataclass
class DailyRoom:
    """A room as Daily's REST API shows it; ``exp`` in its properties is in seconds since 1970."""

    domain: str
    name: str
    privacy: str
    properties: Mapping[str, Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def url(self) -> str:
        """Where people come in."""
        return f"https://{self.domain}.daily.co/{self.name}"

    def is_over(self, now: float) -> bool:
        """Whether the room has expired; 0 and nothing mean never."""
        expires = self.properties.get("exp") or 0
        return 0 < expires <= now

    def as_json(self) -> dict[str, Any]:
        """Daily's answer; a room that telephones can reach has a SIP address."""
        config = dict(self.properties)
        if "sip" in config:
            config["sip_uri"] = {"endpoint": f"{self.id}@{self.domain}.sip.daily.co"}
        return {
            "id": self.id,
            "name": self.name,
            "api_created": True,
            "privacy": self.privacy,
            "url": self.url,
            "created_at": self.created.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "config": config,
        }


@dataclass(frozen=True)
class DailyToken:
    """A token and what it says: ``room_name``, ``exp``, ``is_owner`` and more."""

    properties: Mapping[str, Any]
    text: str = field(default_factory=lambda: secrets.token_urlsafe(32))
