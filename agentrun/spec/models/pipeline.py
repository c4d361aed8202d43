"""``pipeline:`` in a spec: the services with which the agent hears, thinks and speaks."""

from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from agentrun.spec.models.base import Short, SpecModel, list_of_one, word
from agentrun.spec.values.durations import Duration

Style = Literal["cascaded", "realtime"]
FORMER_TIMEOUT = "patience"
"""What `attempt_timeout` was called; it is still read."""


class Alternative(BaseModel):
    """A speech or language service: ``provider/model``; every other key is one of its own settings."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)

    model: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]+(/\S+)?$")] = Field(
        description="`provider/model`, or `provider` for its usual model.", examples=["openai/gpt-4o"]
    )

    @property
    def provider(self) -> str:
        """``openai`` of ``openai/gpt-4o``."""
        return self.model.partition("/")[0]

    @property
    def model_name(self) -> str:
        """``gpt-4o`` of ``openai/gpt-4o``; empty when only the provider is named."""
        return self.model.partition("/")[2]

    @property
    def settings(self) -> dict[str, Any]:
        """The service's own settings, as they stand in the file."""
        return dict(self.model_extra or {})

    @property
    def hears_audio(self) -> bool:
        """Whether a language model takes the caller's audio itself, such as ``gpt-4o-audio-preview``."""
        return self.provider == "openai" and "-audio" in self.model_name


class ServiceSpec(Alternative):
    """A service, and those that take over if it fails."""

    fallback: Annotated[tuple[Annotated[Alternative, word("model")], ...], list_of_one] = Field(
        default=(), description="Services that take over within the turn when it fails, in this order."
    )
    attempt_timeout: Duration = Field(
        default=3.0,
        gt=0,
        validation_alias=AliasChoices("attempt_timeout", FORMER_TIMEOUT),
        description="How long a first word, a transcript or first audio may take before the next service "
        "of `fallback` is tried.",
    )

    @model_validator(mode="after")
    def _one_timeout(self) -> Self:
        if FORMER_TIMEOUT in self.settings:
            raise PydanticCustomError(
                "together", f"`{FORMER_TIMEOUT}` is the former name of `attempt_timeout`: write one of them"
            )
        return self


class VoiceSpec(ServiceSpec):
    """A voice, and how the model's text is prepared for it."""

    text: Literal["spoken", "raw"] = Field(
        default="spoken",
        description="`spoken` takes out Markdown, links, emoji, code and thinking, and writes numbers, "
        "dates and abbreviations as they are read aloud; `raw` gives the voice the model's "
        "text as it is.",
    )


STT, LLM, TTS = "openai/gpt-4o-transcribe", "openai/gpt-4o", "openai/gpt-4o-mini-tts"
REALTIME = "openai/gpt-realtime-2.1"
USUAL_MODELS = {"stt": STT, "llm": LLM, "tts": TTS, "realtime": REALTIME}
"""The model of each stage where none is named; also its example."""


class PipelineSpec(SpecModel):
    """The agent's services: `cascaded` uses `stt`, `llm` and `tts`, `realtime` uses `realtime`."""

    style: Style = Field(default="cascaded", description="`cascaded` or `realtime`.")
    stt: Annotated[ServiceSpec | None, Short("model", STT)] = Field(
        default=ServiceSpec(model=STT),
        description="Speech to text. Left out when the language model hears audio itself.",
    )
    llm: Annotated[ServiceSpec, Short("model", LLM)] = Field(
        default=ServiceSpec(model=LLM), description="The language model."
    )
    tts: Annotated[VoiceSpec, Short("model", TTS)] = Field(
        default=VoiceSpec(model=TTS), description="Text to speech."
    )
    realtime: Annotated[ServiceSpec, Short("model", REALTIME)] = Field(
        default=ServiceSpec(model=REALTIME), description="The speech-to-speech model."
    )

    @model_validator(mode="after")
    def _audio_model_needs_no_stt(self) -> Self:
        if self.llm.hears_audio and "stt" not in self.model_fields_set:
            object.__setattr__(self, "stt", None)
        return self
