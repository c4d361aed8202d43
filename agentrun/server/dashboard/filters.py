"""The dashboard's filters, as query parameters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, field_validator

from agentrun.records.store.queries.call_filter import OUTCOMES, CallFilter, variables

MOST_LETTERS = 100
"""Of one filter."""
_Words = Annotated[str, Field(max_length=MOST_LETTERS)]
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class Filters(BaseModel):
    """The filters of a page, all of which may be combined; an empty one is not there.

    >>> Filters(agent="desk", text=" open ").query(page=2)
    '?agent=desk&text=open&page=2'
    """

    model_config = ConfigDict(str_strip_whitespace=True)

    agent: _Words = ""
    outcome: _Words = ""
    number: _Words = ""
    tool: _Words = ""
    text: _Words = ""
    variables: _Words = ""
    before: datetime | None = None

    @field_validator("outcome")
    @classmethod
    def _known(cls, outcome: str) -> str:
        if outcome and outcome not in OUTCOMES:
            raise ValueError(f"'{outcome}' is not one of {', '.join(OUTCOMES)}")
        return outcome

    @field_validator("before", mode="before")
    @classmethod
    def _empty(cls, before: object) -> object:
        return before or None

    @field_validator("before")
    @classmethod
    def _in_bounds(cls, before: datetime | None) -> datetime | None:
        if before is None:
            return None
        before = before if before.tzinfo else before.replace(tzinfo=UTC)
        return min(max(before, _FIRST), _LAST)

    @property
    def has(self) -> CallFilter:
        """What is asked of the records themselves."""
        return CallFilter(self.outcome, self.number, self.tool, self.text, variables(self.variables))

    @property
    def is_narrow(self) -> bool:
        """Whether more than an agent is asked for."""
        return bool(self.has) or self.before is not None

    def query(self, **changes: object) -> str:
        """The filters as a URL's query, with ``changes``; what is empty is left out."""
        return f"?{urlencode(_texts({**self.model_dump(), **changes}))}"

    @property
    def as_form(self) -> Mapping[str, str]:
        """The filters that are there, as a form sends them."""
        return _texts(self.model_dump())


def _texts(values: Mapping[str, object]) -> Mapping[str, str]:
    words = {name: value for name, value in values.items() if value not in (None, "")}
    return {k: v.isoformat() if isinstance(v, datetime) else str(v) for k, v in words.items()}
