"""What a spec needs beside the packages that every agent needs."""

from __future__ import annotations

from importlib.util import find_spec

from agentrun.errors import Problem
from agentrun.spec.loading.spec_file import SpecFile

MICROPHONE = (
    "Debian: sudo apt install portaudio19-dev gcc python3-dev && pip install 'agentrun[microphone]'; "
    "macOS: brew install portaudio && pip install 'agentrun[microphone]'"
)
"""PyAudio has no wheels for Linux and macOS: it is compiled against PortAudio's headers."""


def missing(file: SpecFile) -> list[Problem]:
    """A warning for each package that the spec needs and that is not installed here."""
    problems = []
    used = next((index for index, entry in enumerate(file.spec.tools) if entry.mcp), None)
    if used is not None and not find_spec("mcp"):
        words = "MCP servers need the package mcp, which is not installed"
        problems.append(file.problem(("tools", used, "mcp"), words, "pip install 'agentrun[mcp]'"))
    for index, transport in enumerate(file.spec.transport):
        if transport.type == "local" and transport.device == "microphone" and not find_spec("pyaudio"):
            where = ("transport", "device") if ("transport", "device") in file.places else None
            place = where or ("transport", index, "device")
            problems.append(
                file.problem(place, "the microphone needs PyAudio, which is not installed", MICROPHONE)
            )
    return problems
