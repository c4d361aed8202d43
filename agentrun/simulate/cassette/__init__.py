"""Cassettes: recorded exchanges with a provider, replayed without it."""

from agentrun.simulate.cassette.recorder import recording
from agentrun.simulate.cassette.replayer import Replay, replaying
from agentrun.simulate.cassette.tape import Tape

__all__ = ["Replay", "Tape", "recording", "replaying"]
