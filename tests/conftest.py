"""What the tests share."""

from __future__ import annotations

import asyncio

import pytest

from agentrun.simulate.engines import Engines, load_offline


@pytest.fixture(scope="session")
def engines() -> Engines:
    """The packaged hearing and voice, loaded and warmed once."""
    pytest.importorskip("faster_whisper", reason="the extra 'offline' is not installed")
    return asyncio.run(load_offline())
