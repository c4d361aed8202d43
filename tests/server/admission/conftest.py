"""The clock of the tests of this folder."""

from tests.clock import pytest_asyncio_loop_factories

__all__ = ["pytest_asyncio_loop_factories"]
