"""Logs are for failures: warnings and above."""

import sys
from collections.abc import AsyncIterator, Iterator

import pytest
from loguru import logger

from agentrun.pipeline.services.shared_resources import Resources


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[None]:
    """Pipecat's DEBUG lines say nothing about a failure."""
    logger.remove()
    number = logger.add(sys.stderr, level="WARNING", format="{time:HH:mm:ss.SSS} {level} {message}")
    yield
    logger.remove(number)


@pytest.fixture
async def resources() -> AsyncIterator[Resources]:
    """Models and connections of one server."""
    async with Resources() as found:
        yield found
