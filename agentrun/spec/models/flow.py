"""``flow:`` in a spec: a conversation that goes from node to node, as Pipecat Flows has it.

The keys are those of ``pipecat.flows.FlowConfig``, which runs it, and a few more: a flow that was written for
Pipecat can be pasted. Its functions are the agent's tools.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from agentrun.spec.models.base import Flag, SpecModel, Text, list_of_one, word
from agentrun.spec.models.conditions import ConditionalWay
from agentrun.spec.models.idle import Silence
from agentrun.spec.models.telephone_keys import Keys
from agentrun.spec.models.tools.extracted_fields import Fields

BUILT_IN_WORDS = ("tts_say", "end_conversation")
"""Actions that say words, or end the call, and run no tool."""


class FlowMessage(SpecModel):
    """A message for the model; a bare text is one from its developer."""

    role: Text = Field(default="developer", description="Who says it, such as `developer` or `user`.")
    content: Text = Field(description="What the model is to do; `{{ name }}` is one of `vars:`.")


class FlowBranch(SpecModel):
    """A way that depends on the tool's result."""

    field: Text = Field(description="A key of the result.", examples=["available"])
    cases: dict[str, Text] = Field(min_length=1, description="The node for each value of it.")
    default: Text | None = Field(
        default=None,
        description="The node for any other value; else it stays. A result without the field is an error.",
    )

    @field_validator("cases", mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        return {as_case(key): node for key, node in value.items()} if isinstance(value, dict) else value


class FlowFunction(SpecModel):
    """Something that the model may do at a node; a bare word is a tool that stays there."""

    name: Text = Field(description="One of the agent's tools, or with `transition_only` a name of your own.")
    transition_to: Annotated[
        str | FlowBranch | tuple[ConditionalWay, ...] | None, Field(union_mode="left_to_right")
    ] = Field(
        default=None,
        description="The node that follows when the tool has succeeded; or by its result, or by variables.",
    )
    transition_only: Flag = Field(default=False, description="Whether it only goes on, and runs no tool.")
    description: Text | None = Field(default=None, description="When to go on, for the model.")

    @model_validator(mode="after")
    def _only_a_way_on_is_described(self) -> Self:
        leads_on = self.transition_to and not isinstance(self.transition_to, FlowBranch)
        if self.transition_only and not (self.description and leads_on):
            message = "what only goes on needs a `description` and the node's name at `transition_to`"
            raise PydanticCustomError("together", message)
        if self.description and not self.transition_only:
            raise PydanticCustomError("together", "a tool describes itself; drop `description`")
        return self

    @property
    def targets(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Every node that may follow, and where below the function it stands."""
        if isinstance(self.transition_to, str):
            yield ("transition_to",), self.transition_to
        elif isinstance(self.transition_to, tuple):
            for index, way in enumerate(self.transition_to):
                yield ("transition_to", index, "to"), way.to
        elif self.transition_to:
            for case, node in self.transition_to.cases.items():
                yield ("transition_to", "cases", case), node
            if self.transition_to.default:
                yield ("transition_to", "default"), self.transition_to.default


class FlowAction(BaseModel):
    """Something that happens on the way: words, the end, or a tool that the model is not asked about.

    A `type` of your own is a tool of the agent: the one at `handler`, else the one with the type's name.
    """

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)

    type: Text = Field(
        description="What happens: `tts_say`, `end_conversation`, `function`, or a type of your own.",
        examples=["tts_say"],
    )
    text: Text | None = Field(default=None, description="The words of `tts_say`, or a goodbye.")
    handler: Text | None = Field(
        default=None, description="The tool of `function`; every other key is an argument."
    )
    append_text_to_context: Flag = Field(
        default=True, description="Whether the model knows afterwards that the `text` was said."
    )

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if self.type == "function" and not self.handler:
            raise PydanticCustomError("together", "an action of type `function` needs a tool at `handler`")
        if self.type in BUILT_IN_WORDS and (self.handler or self.model_extra):
            message = f"an action of type `{self.type}` takes no `handler` and no arguments"
            raise PydanticCustomError("together", message)
        if self.type == "tts_say" and not self.text:
            raise PydanticCustomError("together", "an action of type `tts_say` needs its words at `text`")
        return self

    @property
    def spoken(self) -> str | None:
        """Its words, where it says any."""
        return self.text if self.type in BUILT_IN_WORDS else None

    @property
    def tool(self) -> str | None:
        """The agent's tool that it runs; None where it says words or ends the call."""
        return None if self.type in BUILT_IN_WORDS else self.handler or self.type

    @property
    def arguments(self) -> dict[str, Any]:
        """What the tool is given."""
        return {**(self.model_extra or {}), **({"text": self.text} if self.text else {})}


class FlowNode(SpecModel):
    """One step of the conversation."""

    task_messages: Annotated[tuple[Annotated[FlowMessage, word("content")], ...], list_of_one] = Field(
        description="What the agent is to do here; a text, or a list of messages."
    )
    role_message: Text | None = Field(
        default=None, description="Who the agent is from here on, instead of `prompts.system`."
    )
    functions: tuple[Annotated[FlowFunction, word("name")], ...] = Field(
        default=(), description="What the model may do here."
    )
    pre_actions: tuple[Annotated[FlowAction, word("type")], ...] = Field(
        default=(), description="What happens before the agent speaks here."
    )
    post_actions: tuple[Annotated[FlowAction, word("type")], ...] = Field(
        default=(), description="What happens once the agent has spoken here."
    )
    extract: Fields = Field(
        default={}, description="Variables that a model reads from what the caller says here."
    )
    context_strategy: Literal["append", "reset"] | None = Field(
        default=None,
        description="`reset` lets the model forget the conversation so far; it is kept by default.",
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

    @property
    def texts(self) -> Iterator[str]:
        """Every text in which names are filled in."""
        yield from (message.content for message in self.task_messages)
        yield from (action.spoken for action in (*self.pre_actions, *self.post_actions) if action.spoken)
        if self.role_message:
            yield self.role_message


class Flow(SpecModel):
    """A conversation in steps, each with its own task and tools."""

    initial_node: Text = Field(description="The node that a call begins with.")
    nodes: dict[str, FlowNode] = Field(min_length=1, description="The nodes by name.")
    global_functions: tuple[Annotated[FlowFunction, word("name")], ...] = Field(
        default=(), description="What the model may do at every node."
    )

    @property
    def speaks_first(self) -> bool:
        """Whether the agent says something at the first node before the caller does."""
        first = self.nodes.get(self.initial_node)
        says = first is not None and any(action.type == "tts_say" for action in first.pre_actions)
        return says or (first is not None and first.respond_immediately)

    def functions(self) -> Iterator[tuple[tuple[str | int, ...], FlowFunction]]:
        """Every function, and where below the flow it stands."""
        for index, function in enumerate(self.global_functions):
            yield ("global_functions", index), function
        for name, node in self.nodes.items():
            for index, function in enumerate(node.functions):
                yield ("nodes", name, "functions", index), function

    def actions(self) -> Iterator[tuple[tuple[str | int, ...], FlowAction]]:
        """Every action, and where below the flow it stands."""
        for name, node in self.nodes.items():
            for key, actions in (("pre_actions", node.pre_actions), ("post_actions", node.post_actions)):
                for index, action in enumerate(actions):
                    yield ("nodes", name, key, index), action


def as_case(value: object) -> str:
    """The word by which a branch knows a value, as Pipecat 1.14 has it: ``true`` for True and for "True".

    >>> as_case(True), as_case("No"), as_case(3)
    ('true', 'No', '3')
    """
    text = ("false", "true")[value] if isinstance(value, bool) else str(value)
    return text.lower() if text.lower() in ("true", "false") else text
