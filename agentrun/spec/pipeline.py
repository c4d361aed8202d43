"""``pipeline:`` in a spec: how the agent hears, thinks and speaks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from agentrun.spec.parts import SpecModel, word

Style = Literal["cascaded", "realtime"]


class ServiceSpec(BaseModel):
    """A speech or language service: ``provider/model``; every other key is one of its own settings."""

    model_config = ConfigDict(frozen=True, extra="allow")

    model: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]+/\S+$")] = Field(
        description="`provider/model`.", examples=["openai/gpt-4o"]
    )

    @property
    def provider(self) -> str:
        """``openai`` of ``openai/gpt-4o``."""
        return self.model.partition("/")[0]

    @property
    def model_name(self) -> str:
        """``gpt-4o`` of ``openai/gpt-4o``."""
        return self.model.partition("/")[2]

    @property
    def settings(self) -> dict[str, Any]:
        """The service's own settings, as they stand in the file."""
        return dict(self.model_extra or {})

    @property
    def hears_audio(self) -> bool:
        """Whether a language model takes the caller's audio itself, such as ``gpt-4o-audio-preview``."""
        return "-audio" in self.model_name


Service = Annotated[ServiceSpec, word("model")]


class PipelineSpec(SpecModel):
    """`style` chooses: the cascade reads `stt`, `llm` and `tts`; realtime reads `realtime`. Both may stand here."""

    style: Style = Field(default="cascaded", description="`cascaded` or `realtime`.")
    stt: Service | None = Field(
        default=ServiceSpec(model="openai/gpt-4o-transcribe"),
        description="Speech to text. Left out when the language model hears audio itself.",
    )
    llm: Service = Field(default=ServiceSpec(model="openai/gpt-4o"), description="The language model.")
    tts: Service = Field(default=ServiceSpec(model="openai/gpt-4o-mini-tts"), description="Text to speech.")
    realtime: Service = Field(
        default=ServiceSpec(model="openai/gpt-realtime-2.1"), description="The speech-to-speech model."
    )

    @model_validator(mode="after")
    def _audio_model_needs_no_stt(self) -> PipelineSpec:
        if self.llm.hears_audio and "stt" not in self.model_fields_set:
            return self.model_copy(update={"stt": None})
        return self
