"""One node of a flow."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from agentrun.spec.models.base import Flag, SpecModel, Text, list_of_one, word
from agentrun.spec.models.conditions import ConditionalWay
from agentrun.spec.models.flow.actions import FlowAction
from agentrun.spec.models.flow.functions import FlowFunction
from agentrun.spec.models.flow.services import NodeService
from agentrun.spec.models.idle import Silence
from agentrun.spec.models.pipeline import LLM
from agentrun.spec.models.telephone_keys import Keys
from agentrun.spec.models.tools.extracted_fields import Fields

_OF_THE_MODEL = frozenset(
    {
        *("role_message", "functions", "extract", "context_strategy", "respond_immediately"),
        *("keys", "idle", "llm", "stt"),
    }
)
"""Keys of a node that say something to the model, or of the time in which it waits for the caller."""


class FlowMessage(SpecModel):
    """A message for the model; a bare text is one from its developer."""

    role: Text = Field(default="developer", description="Whose message it is, such as `developer` or `user`.")
    content: Text = Field(description="What the model is to do; `{{ name }}` is one of `vars:`.")


class FlowNode(SpecModel):
    """One step of the conversation."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["task_messages"]}, {"required": ["then"]}]}
    )

    task_messages: Annotated[tuple[Annotated[FlowMessage, word("content")], ...], list_of_one] = Field(
        default=(),
        description="The agent's task at this node: a text, or a list of messages. Not together with `then`.",
    )
    say: Text | None = Field(
        default=None,
        description="Fixed words, said when the node is entered; the model then does not speak first.",
        examples=["One moment, please."],
    )
    then: Annotated[str | tuple[ConditionalWay, ...] | None, Field(union_mode="left_to_right")] = Field(
        default=None,
        description="The next node, without asking the model, or a list of transitions with conditions; "
        "`end` ends the call, unless a node has that name.",
    )
    role_message: Text | None = Field(
        default=None, description="Who the agent is from here on, instead of `prompts.system`."
    )
    functions: tuple[Annotated[FlowFunction, word("name")], ...] = Field(
        default=(), description="The functions that the model may call here."
    )
    pre_actions: tuple[Annotated[FlowAction, word("type")], ...] = Field(
        default=(),
        description="Actions before the agent speaks here.",
        examples=[[{"type": "tts_say", "text": "One moment."}]],
    )
    post_actions: tuple[Annotated[FlowAction, word("type")], ...] = Field(
        default=(),
        description="Actions after the agent has spoken here.",
        examples=[["end_conversation"]],
    )
    extract: Fields = Field(
        default={}, description="Variables that a model reads from what the caller says here."
    )
    context_strategy: Literal["append", "reset"] | None = Field(
        default=None,
        description="`reset` lets the model forget the conversation so far; it is kept by default. Not for "
        "realtime models, which keep their own.",
    )
    respond_immediately: Flag = Field(
        default=True, description="Whether the agent speaks first here, or waits for the caller."
    )
    keys: Keys | None = Field(
        default=None, description="What the caller's telephone keys mean here, instead of `turns.keys`."
    )

    idle: Silence | None = Field(
        default=None, description="What happens when the caller says nothing here, instead of `turns.idle`."
    )

    llm: Annotated[NodeService, word("model")] | None = Field(
        default=None,
        description="Another model of the agent's provider here, or other settings of it.",
        examples=[{"model": LLM, "temperature": 0.2}],
    )
    tts: Annotated[NodeService, word("model")] | None = Field(
        default=None,
        description="Another voice here, or another speed or other settings of it.",
        examples=[{"voice": "coral"}],
    )
    stt: Annotated[NodeService, word("model")] | None = Field(
        default=None,
        description="How the caller is heard here, such as in another language.",
        examples=[{"language": "es"}],
    )
    realtime: Annotated[NodeService, word("model")] | None = Field(
        default=None,
        description="The same for a realtime model, whose session keeps its model and its voice: `speed`, "
        "`noise_reduction` and `transcription` can change.",
        examples=[{"speed": 1.2}],
    )
    interruptions: Flag | None = Field(
        default=None, description="Whether the caller may interrupt here, instead of `turns.interruptions`."
    )

    @model_validator(mode="after")
    def _leads_or_goes_on(self) -> Self:
        if self.then is None:
            if "task_messages" not in self.model_fields_set:
                message = "a node needs `task_messages`, or `then` with the node that follows"
                raise PydanticCustomError("together", message)
            return self
        keys = sorted(self.model_fields_set & _OF_THE_MODEL)
        if self.task_messages or keys:
            key = keys[0] if keys else "task_messages"
            message = f"a node with `then` goes on without the model, and takes no `{key}`"
            raise PydanticCustomError("together", message)
        if isinstance(self.then, tuple) and (not self.then or self.then[-1].when):
            message = "callers could get stuck here: the last entry of `then` must have no `when`"
            raise PydanticCustomError("together", message)
        return self

    @property
    def ways(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Every node that it may go on to by itself, and where below the node it stands."""
        if isinstance(self.then, str):
            yield ("then",), self.then
        for index, way in enumerate(self.then if isinstance(self.then, tuple) else ()):
            yield ("then", index, "to"), way.to

    @property
    def speaks(self) -> bool:
        """Whether the agent says something here before the caller does."""
        says = any(action.type == "tts_say" for action in self.pre_actions)
        return bool(self.say) or says or (self.then is None and self.respond_immediately)

    @property
    def texts(self) -> Iterator[str]:
        """Every text in which names are filled in."""
        yield from (message.content for message in self.task_messages)
        yield from (action.spoken for action in (*self.pre_actions, *self.post_actions) if action.spoken)
        if self.say:
            yield self.say
        if self.role_message:
            yield self.role_message
