"""``callers:`` and ``hours:`` in a spec: who may call, and when."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from agentrun import caller_numbers
from agentrun.spec.loading.close_match import closest
from agentrun.spec.models.base import SpecModel, Text, list_of_one

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NUMBER = re.compile(r"\+[1-9][0-9]{0,14}")
_PERIOD = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9]) *[-–] *([01][0-9]|2[0-4]):([0-5][0-9])")
_MOST_MINUTES = 24 * 60


def _prefix(value: str) -> str:
    if value == "anonymous" or _NUMBER.fullmatch(value):
        return value
    message = "'{given}' is not the beginning of a telephone number"
    raise PydanticCustomError(
        "prefix", message, {"given": value, "hint": "write +1, +15551234567 or anonymous"}
    )


Prefix = Annotated[str, AfterValidator(_prefix)]


class Callers(SpecModel):
    """Whose calls are answered, by how their number begins; `anonymous` is a hidden number.

    Of a SIP or WhatsApp address that has a number in E.164, such as sip:+14155551234@carrier.com, the number
    counts. A caller with a name (client:alice) or another kind of number has no number here, and is
    not anonymous either.
    """

    allow: Annotated[tuple[Prefix, ...], list_of_one] = Field(
        default=(),
        description="Only these callers are answered; everybody by default.",
        examples=[["+1", "+44"]],
    )
    block: Annotated[tuple[Prefix, ...], list_of_one] = Field(
        default=(),
        description="These callers are not answered, whatever `allow` says.",
        examples=[["+1900", "anonymous"]],
    )

    def admit(self, number: str) -> bool:
        """Whether a call from ``number``, as the network says it, is answered; empty is a hidden one.

        >>> Callers(allow=("+1",), block=("+1900",)).admit("+15551234567")
        True
        """
        caller = caller_numbers.of(number)
        return not _is_among(caller, self.block) and (not self.allow or _is_among(caller, self.allow))


def _is_among(caller: str, prefixes: tuple[str, ...]) -> bool:
    return caller.startswith(prefixes) if caller else "anonymous" in prefixes


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = closest(value, sorted(available_timezones())) or "write for example America/New_York"
        message = "'{given}' is not a time zone"
        raise PydanticCustomError("zone", message, {"given": value, "hint": hint}) from None
    return value


def _period(value: object) -> object:
    """Minutes of the day of ``09:00-17:30``; one that ends earlier than it begins ends on the next day."""
    match = _PERIOD.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        if isinstance(value, tuple):
            return value
        hint = "write 09:00-17:30, with 24:00 for midnight"
        raise PydanticCustomError(
            "period", "{given} is not a time range", {"given": repr(value), "hint": hint}
        )
    begins, ends = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if begins >= _MOST_MINUTES or ends > _MOST_MINUTES or begins == ends:
        hint = "write 00:00-24:00 for the whole day"
        raise PydanticCustomError(
            "period", "{given} is not a time range", {"given": repr(value), "hint": hint}
        )
    return begins, ends


Period = Annotated[tuple[int, int], BeforeValidator(_period, json_schema_input_type=str)]


class Hours(SpecModel):
    """When the agent answers; a day that is not named is closed."""

    zone: Annotated[str, AfterValidator(_zone)] = Field(
        description="The time zone of the times.", examples=["America/New_York"]
    )
    open: dict[Day, Annotated[tuple[Period, ...], list_of_one]] = Field(
        description="Times of each day: `mon` to `sun`.",
        examples=[{"mon": "09:00-17:30", "sat": ["09:00-12:00", "13:00-15:00"]}],
        min_length=1,
    )
    closed: Text = Field(
        default="We are closed now. Please call again during our opening hours. Goodbye.",
        description="What callers hear outside opening hours.",
    )

    def is_open(self, now: datetime) -> bool:
        """Whether the agent answers at ``now``, a time with a zone."""
        here = now.astimezone(ZoneInfo(self.zone))
        minute = here.hour * 60 + here.minute
        today, yesterday = (self.open.get(DAYS[(here.weekday() - back) % 7], ()) for back in (0, 1))
        return any(
            begins <= minute < (ends if begins < ends else _MOST_MINUTES) for begins, ends in today
        ) or any(minute < ends < begins for begins, ends in yesterday)

    def seconds_until_open(self, now: datetime) -> float:
        """Seconds from ``now`` until the agent answers again; 0 when it does."""
        if self.is_open(now):
            return 0.0
        here = now.astimezone(ZoneInfo(self.zone))
        waits = []
        for ahead in range(8):
            day = here.date() + timedelta(days=ahead)
            for begins, _ in self.open.get(DAYS[day.weekday()], ()):
                at = datetime(day.year, day.month, day.day, begins // 60, begins % 60, tzinfo=here.tzinfo)
                waits.append((at.astimezone(UTC) - now.astimezone(UTC)).total_seconds())
        return min((wait for wait in waits if wait > 0), default=7 * 86_400.0)
