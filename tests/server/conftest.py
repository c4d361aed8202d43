"""Logs are for failures: warnings and above."""

import sys
from collections.abc import Iterator

import pytest
from loguru import logger

from tests.records.conftest import postgresql, url

__all__ = ["postgresql", "url"]


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[None]:
    """Pipecat's DEBUG lines say nothing about a failure."""
    logger.remove()
    number = logger.add(sys.stderr, level="WARNING", format="{time:HH:mm:ss.SSS} {level} {message}")
    yield
    logger.remove(number)
