"""What an agent is: the frozen models behind the YAML.

A short word stands for the usual and a mapping says more: ``transport: twilio`` is
``transport: {type: twilio}``, ``llm: openai/gpt-4o`` is ``llm: {model: openai/gpt-4o}``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

NAME_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=63)]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class SpecModel(BaseModel):
    """Frozen, strict about keys and types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _word(key: str) -> BeforeValidator:
    """A bare string is short for a mapping with that string at ``key``."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


class TwilioTransport(SpecModel):
    """Telephone calls over Twilio Media Streams."""

    type: Literal["twilio"]
    public_url: str | None = Field(
        default=None,
        description="Where Twilio reaches this server; `--public-url` wins over it.",
        examples=["https://voice.example.com", "${PUBLIC_URL}"],
    )


class LocalTransport(SpecModel):
    """The browser page on this machine."""

    type: Literal["local"]


Transport = Annotated[TwilioTransport | LocalTransport, Field(discriminator="type")]


class ServiceSpec(BaseModel):
    """A speech or language service: ``provider/model``; every other key is one of its own settings."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    model: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]+/\S+$")] = Field(
        description="`provider/model`.", examples=["openai/gpt-4o"]
    )

    @property
    def provider(self) -> str:
        return self.model.partition("/")[0]

    @property
    def model_name(self) -> str:
        return self.model.partition("/")[2]

    @property
    def settings(self) -> dict[str, Any]:
        """The service's own settings, as they stand in the file."""
        return dict(self.model_extra or {})


Service = Annotated[ServiceSpec, _word("model")]


class PipelineSpec(SpecModel):
    """How the agent hears, thinks and speaks."""

    style: Literal["cascaded"] = Field(
        default="cascaded", description="Speech to text, language model, text to speech."
    )
    stt: Service = ServiceSpec(model="openai/gpt-4o-transcribe")
    llm: Service = ServiceSpec(model="openai/gpt-4o")
    tts: Service = ServiceSpec(model="openai/gpt-4o-mini-tts")


class FixedWords(SpecModel):
    """Words that are spoken as they stand."""

    say: Text


class PromptFile(SpecModel):
    """A prompt in a file of its own, beside the spec."""

    file: Text


class Prompts(SpecModel):
    """What the agent is told."""

    system: Text | PromptFile = Field(description="Who the agent is and how it behaves.")
    greeting: Text | FixedWords | None = Field(
        default="Greet the caller in one short sentence and ask how you can help.",
        description="What the agent is asked to say first, `{say: …}` for fixed words, or null to let the caller begin.",
    )
    apology: Text = Field(
        default="I am sorry, something went wrong on my side. Please call again in a few minutes. Goodbye.",
        description="What the caller hears when the agent can't go on.",
    )


class AgentSpec(SpecModel):
    """One voice agent: how people reach it, how it thinks, what it is told, and what it may do."""

    name: Name = Field(description="The agent's name; it stands in its URLs. The file's name by default.")
    description: str = ""
    transport: Annotated[Transport, _word("type")]
    pipeline: PipelineSpec = PipelineSpec()
    prompts: Annotated[Prompts, _word("system")]
    tools: tuple[Text, ...] = Field(default=(), description="Plugins, or single tools as `plugin.tool`.")
