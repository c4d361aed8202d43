"""What the tests of this folder share."""

from collections.abc import AsyncIterator

import pytest

from agentrun.pipeline.services.shared_resources import Resources


@pytest.fixture
async def resources() -> AsyncIterator[Resources]:
    """Models and connections of one server."""
    async with Resources() as found:
        yield found
