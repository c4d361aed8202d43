"""Settings of OpenAI's services beyond Pipecat's: our own keys, ranges, voices, languages."""

from __future__ import annotations

from collections.abc import Mapping

from agentrun.providers.languages import WHISPER_LANGUAGES
from agentrun.providers.service import Kind, Setting

OPENAI_VOICES = (
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable",
    "marin", "nova", "onyx", "sage", "shimmer", "verse",
)  # fmt: skip
REALTIME_VOICES = tuple(name for name in OPENAI_VOICES if name not in ("fable", "nova", "onyx"))
"""Those of speech-to-speech models, as the types of OpenAI's Python library 3.54 have them."""

_ADDRESS = {
    "base_url": Setting("string", "Address of an OpenAI-compatible server; OPENAI_BASE_URL by default."),
    "api_key": Setting(
        "string", "Name of the variable that holds the key, as `${NAME}`; OPENAI_API_KEY by default."
    ),
}

OPENAI: Mapping[Kind, Mapping[str, Setting]] = {
    "stt": {
        **_ADDRESS,
        "prompt": Setting("string", "Words to expect, to guide the transcription."),
        "language": Setting(
            "string", "Language of the caller, as ISO 639-1, such as `en`.", choices=WHISPER_LANGUAGES
        ),
        "temperature": Setting("number", "Sampling temperature.", minimum=0, maximum=1),
        "keywords": Setting("array", "Words or phrases that guide the transcription (gpt-transcribe)."),
        "streaming": Setting("boolean", "Transcribe while the caller speaks, over a WebSocket."),
        "noise_reduction": Setting(
            "string",
            "For a microphone near the mouth, or far; streaming only.",
            choices=("near", "far"),
        ),
    },
    "llm": {
        **_ADDRESS,
        "temperature": Setting("number", "Sampling temperature.", minimum=0, maximum=2),
        "top_p": Setting("number", "Nucleus sampling.", minimum=0, maximum=1),
        "max_completion_tokens": Setting("integer", "Most tokens of one answer.", minimum=1),
        "frequency_penalty": Setting("number", "Penalty for frequent words.", minimum=-2, maximum=2),
        "presence_penalty": Setting("number", "Penalty for words already said.", minimum=-2, maximum=2),
        "seed": Setting("integer", "Seed for repeatable sampling."),
        "service_tier": Setting("string", "OpenAI's service tier, such as `priority`."),
        "api": Setting(
            "string",
            "Chat completions, or the Responses API over a WebSocket or HTTP.",
            choices=("chat", "responses", "responses-http"),
        ),
    },
    "tts": {
        **_ADDRESS,
        "voice": Setting("string", "Who speaks.", choices=OPENAI_VOICES),
        "instructions": Setting("string", "How to speak: tone, pace, accent."),
        "speed": Setting("number", "Speed of speech.", minimum=0.25, maximum=4.0),
        "buffer": Setting(
            "duration", "Sound that must be there before the first of it is heard; 100ms by default."
        ),
    },
    "realtime": {
        **_ADDRESS,
        "voice": Setting("string", "Who speaks.", choices=REALTIME_VOICES),
        "speed": Setting("number", "Speed of speech.", minimum=0.25, maximum=1.5),
        "transcription": Setting(
            "object",
            "How the caller's words are written down; false for not at all.",
            fields={
                "model": Setting("string", "Transcription model, such as gpt-4o-transcribe."),
                "language": Setting(
                    "string", "Language of the caller, as ISO 639-1.", choices=WHISPER_LANGUAGES
                ),
                "prompt": Setting("string", "Words to expect."),
            },
            may_be_false=True,
        ),
        "noise_reduction": Setting(
            "string", "For a microphone near the mouth, or far.", choices=("near", "far", "off")
        ),
        "audio": Setting(
            "string",
            "What sound is on its way to the model: a telephone's own mu-law where there is one, or always "
            "24 kHz PCM, for a server that knows nothing else.",
            choices=("auto", "pcm"),
        ),
        "audio_pieces": Setting(
            "string",
            "On a telephone, whether pieces of the caller's sound are sent to the model together where it "
            "does not wait for them, or each by itself.",
            choices=("joined", "single"),
        ),
        "turn_detection": Setting(
            "object",
            "Who finds the caller's turns: the model by meaning or by silence, or this machine.",
            fields={
                "type": Setting("string", "By meaning or by silence.", choices=("semantic", "server")),
                "eagerness": Setting(
                    "string",
                    "How soon a semantic turn ends.",
                    choices=("low", "medium", "high", "auto"),
                ),
                "threshold": Setting("number", "How loud speech is.", minimum=0, maximum=1),
                "prefix_padding": Setting("duration", "Audio kept from before the speech."),
                "silence": Setting("duration", "Silence that ends a turn."),
            },
            words=("semantic", "server", "local"),
        ),
    },
}
