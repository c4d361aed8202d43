"""A call for the tools of the tests."""

from __future__ import annotations

import pytest

from agentrun import Call


@pytest.fixture
def call() -> Call:
    return Call(id="CA1", agent="desk", transport="twilio", from_number="+15551234567")
