"""A mock OpenAI server on a loopback port.

It speaks the protocols that Pipecat's OpenAI services use: transcriptions, chat completions, speech,
responses, realtime and realtime transcription.
"""

from agentrun.simulate.openai.server import OpenAIServer

__all__ = ["OpenAIServer"]
