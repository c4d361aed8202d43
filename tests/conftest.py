"""What the tests share."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest
from fastapi.dependencies import models

from agentrun.simulate.engines.engines import Engines, load_offline


@pytest.fixture(scope="session")
def engines() -> Engines:
    """The packaged hearing and voice, loaded and warmed once."""
    pytest.importorskip("faster_whisper", reason="the extra 'offline' is not installed")
    return asyncio.run(load_offline())


@pytest.fixture(autouse=True, scope="module")
def forgotten_applications() -> Iterator[None]:
    """FastAPI's caches keep each application of a test, and the models that it hears and speaks with."""
    yield
    caches = [each for each in vars(models).values() if hasattr(each, "cache_clear")]
    if any(cache.cache_info().currsize for cache in caches):
        for cache in caches:
            cache.cache_clear()
        gc.collect()
