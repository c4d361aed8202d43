"""What an agent is: the frozen models behind the YAML.

A short word stands for the usual and a mapping says more: ``transport: twilio`` is
``transport: {type: twilio}``, ``llm: openai/gpt-4o`` is ``llm: {model: openai/gpt-4o}``.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from agentrun.spec.models.after_call import AfterCall
from agentrun.spec.models.base import Count, Flag, Number, SpecModel, Text, list_of_one, word
from agentrun.spec.models.before_call import BeforeCall
from agentrun.spec.models.budget import Budget
from agentrun.spec.models.callers_and_hours import Callers, Hours
from agentrun.spec.models.daily import DailyTransport
from agentrun.spec.models.flow import Flow
from agentrun.spec.models.on_fault import OnFault
from agentrun.spec.models.outbound import Dialling
from agentrun.spec.models.pipeline import PipelineSpec, ServiceSpec
from agentrun.spec.models.record import Record
from agentrun.spec.models.scenarios import Scenario
from agentrun.spec.models.tools.extracted_fields import Fields
from agentrun.spec.models.tools.extraction import Extraction
from agentrun.spec.models.tools.knowledge import Knowledge
from agentrun.spec.models.tools.tool_use import ToolUse
from agentrun.spec.models.turns_and_limits import Context, Limits, Turns

NAME_PATTERN = r"^[a-z][a-z0-9]*([-_][a-z0-9]+)*$"
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=63)]


VariableValue = str | Count | Number | Flag | list[Any] | dict[str, Any] | None


class TwilioTransport(SpecModel):
    """Telephone calls over Twilio Media Streams."""

    type: Literal["twilio"]
    public_url: str | None = Field(
        default=None,
        description="Where Twilio reaches this server; `--public-url` wins over it.",
        examples=["https://voice.example.com", "${PUBLIC_URL}"],
    )
    dial: Dialling = Field(default=Dialling.model_construct(), description="Calls that the agent places.")


class LocalTransport(SpecModel):
    """This machine: its browser, or its microphone and loudspeakers."""

    type: Literal["local"]
    device: Literal["browser", "microphone"] = Field(
        default="browser", description="What the caller speaks into; use headphones with a microphone."
    )
    input: Text | None = Field(
        default=None,
        description="Part of the microphone's name; the default device otherwise.",
        examples=["USB"],
    )
    output: Text | None = Field(
        default=None, description="Part of the loudspeakers' name; the default device otherwise."
    )

    @model_validator(mode="after")
    def _devices_are_the_microphones(self) -> Self:
        if self.device == "browser" and (self.input or self.output):
            raise PydanticCustomError("together", "`input:` and `output:` belong to `device: microphone`")
        return self


Transport = Annotated[TwilioTransport | DailyTransport | LocalTransport, Field(discriminator="type")]


class FixedWords(SpecModel):
    """Words that are spoken exactly as written."""

    say: Text = Field(description="The words.")


class Prompts(SpecModel):
    """What the agent is told, and what callers hear when something goes wrong.

    `system` and `greeting` are templates: `{{ call.from_number }}`, `{{ now }}`, your own `vars`.
    """

    system: Text = Field(
        description="Who the agent is and how it behaves; `{file: prompts/x.md}` reads a file."
    )
    greeting: Text | FixedWords | None = Field(
        default="Greet the caller in one short sentence and ask how you can help.",
        description="What it is asked to say first; `{say: …}` for fixed words, null lets the caller begin.",
    )
    apology: Text = Field(
        default="I am sorry, something went wrong on my side. Please call again in a few minutes. Goodbye.",
        description="What the caller hears when the agent can't go on.",
    )
    repeat: Text = Field(
        default="Sorry, I did not catch that. Could you say it again?",
        description="What the caller hears when their words were lost.",
    )
    wait: Text | None = Field(
        default="One moment, please.",
        description="What the caller hears every 4 s while a tool runs in silence; null for nothing.",
    )
    busy: Text | None = Field(
        default="All our lines are busy. Please call again in a few minutes. Goodbye.",
        description="What a caller hears when the call can't be answered; null gives a busy tone.",
    )
    unanswered: Text | None = Field(
        default="I am sorry, nobody can take your call there now. Please call again later. Goodbye.",
        description="What a caller hears when nobody answers a transfer, and the call can't come back to the "
        "agent, as it does with `resume: true`; null hangs up.",
    )
    goodbye: Text = Field(
        default="I am sorry, I have to hang up now. Please call again in a few minutes. Goodbye.",
        description="What the caller hears when the server stops.",
    )
    resume: Text = Field(
        default="Sorry, we were cut off for a moment.",
        description="What the caller hears when another server takes over the call, with `resume: true`, or "
        "when they come back into a room at Daily.",
    )


class AgentSpec(SpecModel):
    """One voice agent: how people reach it, how it thinks, what it is told, and what it may do."""

    name: Name = Field(
        description="The agent's name, a part of its URLs; the file's name by default.",
        examples=["desk"],
    )
    description: str = Field(default="", description="A one-line description for people.")
    transport: Annotated[tuple[Annotated[Transport, word("type")], ...], list_of_one] = Field(
        min_length=1, description="How callers reach it: `twilio`, `daily` or `local`, or a list of them."
    )
    pipeline: PipelineSpec = PipelineSpec.model_construct()
    prompts: Annotated[Prompts, word("system")] = Field(
        description="The agent's prompts, and fixed texts for callers."
    )
    vars: dict[str, VariableValue] = Field(
        default={},
        description="Variables of your own for the prompts, lists and mappings too: `{{ quote.price }}`.",
    )
    before_call: BeforeCall | None = Field(
        default=None, description="Looks up the caller before the agent speaks."
    )
    extract: Fields = Field(
        default={},
        description="Variables that a model extracts from what the caller says, during the call.",
        examples=[{"guests": {"type": "integer", "description": "How many people are coming"}}],
    )
    extraction: Annotated[Extraction, word("model")] = Extraction.model_construct()
    tools: tuple[Annotated[ToolUse, word("use")], ...] = Field(
        default=(), description="Plugins, single tools as `plugin.tool`, or built-in tools."
    )
    knowledge: Annotated[Knowledge | None, word("folder")] = Field(
        default=None, description="Documents that the agent may look things up in."
    )
    handoff: Annotated[tuple[Name, ...], list_of_one] = Field(
        default=(),
        description="Agents in the same folder to which it may hand off the conversation.",
        examples=[["billing"]],
    )
    pronounce: dict[Text, Text] = Field(
        default={},
        description="How words are pronounced, such as names: `Siobhan: shi-VAWN`. Whole words, in upper "
        "or lower case.",
        examples=[{"Siobhan": "shi-VAWN"}],
        max_length=1000,
    )
    flow: Flow | None = Field(default=None, description="The flow of the conversation; none by default.")
    turns: Turns = Turns.model_construct()
    limits: Limits = Limits.model_construct()
    budget: Budget = Budget.model_construct()
    on_fault: OnFault | None = Field(
        default=None,
        description="Who takes the call if the agent can't go on, instead of the apology.",
        examples=[{"transfer": "+15551234567"}],
    )
    callers: Callers = Callers.model_construct()
    hours: Hours | None = Field(default=None, description="Opening hours; always open by default.")
    context: Context = Context.model_construct()
    resume: Flag = Field(
        default=False,
        description="Whether a call over Twilio goes on when its server fails or leaves: any server that "
        "shares the records takes it over. What tools keep in `call.state` is stored for "
        "that.",
    )
    record: Record = Record.model_construct()
    after_call: AfterCall | None = Field(
        default=None, description="Post-call analysis by a model; none if unset."
    )
    judge: Annotated[ServiceSpec | None, word("model")] = Field(
        default=None,
        description="The model that judges `eval:` criteria and plays simulated callers, with `--live`.",
        examples=["openai/gpt-4o-mini"],
    )
    tests: tuple[Scenario, ...] = Field(
        default=(),
        description="Scripted or simulated conversations, with what must happen in them.",
        examples=[[{"name": "a greeting", "turns": [{"user": "Hello?"}]}]],
    )

    @model_validator(mode="before")
    @classmethod
    def _first_node_tells_who_it_is(cls, value: Any) -> Any:
        """The role of a flow's first node stands for prompts that are not there."""
        if not isinstance(value, dict) or "prompts" in value or not isinstance(value.get("flow"), dict):
            return value
        nodes, first = value["flow"].get("nodes"), value["flow"].get("initial_node")
        node = nodes.get(first) if isinstance(nodes, dict) and isinstance(first, str) else None
        role = node.get("role_message") if isinstance(node, dict) else None
        return {**value, "prompts": {"system": role}} if role else value

    @property
    def greeting(self) -> str | FixedWords | None:
        """What the agent begins with; a flow begins with its first node, unless a greeting is given."""
        if self.flow and "greeting" not in self.prompts.model_fields_set:
            return None
        return self.prompts.greeting

    @property
    def speaks_first(self) -> bool:
        """Whether the agent says something before the caller does."""
        if isinstance(self.greeting, FixedWords):
            return True
        return self.flow.speaks_first if self.flow else self.greeting is not None
