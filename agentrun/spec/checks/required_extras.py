"""The optional extras that a spec needs."""

from __future__ import annotations

from importlib.util import find_spec

from agentrun.distribution import install_extra
from agentrun.errors import Problem
from agentrun.spec.loading.spec_file import SpecFile, Where

BROWSER_MISSING = "the browser page needs aiortc, which is not installed"
MICROPHONE_MISSING = "the microphone needs PyAudio, which is not installed"


def microphone() -> str:
    """What brings PyAudio: without wheels for Linux and macOS it is compiled against PortAudio's headers."""
    extra = install_extra("microphone")
    debian = "Debian: sudo apt install portaudio19-dev gcc python3-dev"
    return f"{debian} && {extra}; macOS: brew install portaudio && {extra}"


def missing(file: SpecFile) -> list[Problem]:
    """A warning for each package that the spec needs and that is not installed here.

    It may be where the agent is served: specs are checked elsewhere too, as by pre-commit.
    """
    problems: list[Problem] = []

    def warn(where: Where, words: str, hint: str) -> None:
        problems.append(file.problem(where, words, hint, "warning"))

    used = next((index for index, entry in enumerate(file.spec.tools) if entry.mcp), None)
    if used is not None and not find_spec("mcp"):
        words = "MCP servers need the package mcp, which is not installed"
        warn(("tools", used, "mcp"), words, install_extra("mcp"))
    for index, transport in enumerate(file.spec.transport):
        if transport.type != "local":
            continue
        if transport.device == "microphone" and not find_spec("pyaudio"):
            warn(_device(file, index), MICROPHONE_MISSING, microphone())
        if transport.device == "browser" and not has_browser():
            warn(_device(file, index), BROWSER_MISSING, install_extra("browser"))
    return problems


def has_browser() -> bool:
    """Whether what Pipecat's SmallWebRTC imports for sound is here; nothing is imported."""
    return find_spec("aiortc") is not None


def _device(file: SpecFile, index: int) -> Where:
    """Where the spec names the device of its transport, or at least the transport."""
    places: tuple[Where, ...] = (
        ("transport", "device"),
        ("transport", index, "device"),
        ("transport", index),
    )
    return next((place for place in places if place in file.places), ("transport",))
