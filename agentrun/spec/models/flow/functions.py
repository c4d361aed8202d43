"""The functions of a flow's node, and where they lead."""

from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from agentrun.spec.models.base import Flag, SpecModel, Text
from agentrun.spec.models.conditions import ConditionalWay
from agentrun.spec.values import function_names


class FlowBranch(SpecModel):
    """A way that depends on the tool's result."""

    field: Text = Field(description="A key of the result.", examples=["available"])
    cases: dict[str, Text] = Field(
        min_length=1,
        description="The node for each value of it.",
        examples=[{"yes": "booking", "no": "waiting-list"}],
    )
    default: Text | None = Field(
        default=None,
        description="The node for any other value; else it stays. A result without the field is an error.",
    )

    @field_validator("cases", mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        return {as_case(key): node for key, node in value.items()} if isinstance(value, dict) else value


class FlowFunction(SpecModel):
    """A tool or a transition that the model may call at a node; a bare word is a tool that stays there."""

    name: Text = Field(description="One of the agent's tools, or with `transition_only` a name of your own.")
    transition_to: Annotated[
        str | FlowBranch | tuple[ConditionalWay, ...] | None, Field(union_mode="left_to_right")
    ] = Field(
        default=None,
        description="The next node when the tool has succeeded, or one that depends on its result or on "
        "variables.",
    )
    transition_only: Flag = Field(
        default=False, description="Whether it only goes to the next node, and runs no tool."
    )
    description: Text | None = Field(
        default=None, description="For the model: when to go there; with `transition_only`."
    )

    @model_validator(mode="after")
    def _only_a_way_on_is_described(self) -> Self:
        leads_on = self.transition_to and not isinstance(self.transition_to, FlowBranch)
        if self.transition_only and not (self.description and leads_on):
            message = "a function with `transition_only` needs a `description`, and a node at `transition_to`"
            raise PydanticCustomError("together", message)
        if self.description and not self.transition_only:
            raise PydanticCustomError("together", "a tool describes itself; drop `description`")
        return self

    @model_validator(mode="after")
    def _is_called_what_a_model_can_call(self) -> Self:
        if self.transition_only and not function_names.can_be_called(self.name):
            given = {"name": self.name, "hint": function_names.HINT}
            raise PydanticCustomError("together", "'{name}' can't be a function's name", given)
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


def as_case(value: object) -> str:
    """The word by which a branch knows a value, as Pipecat 1.14 has it: ``true`` for True and for "True".

    >>> as_case(True), as_case("No"), as_case(3)
    ('true', 'No', '3')
    """
    text = ("false", "true")[value] if isinstance(value, bool) else str(value)
    return text.lower() if text.lower() in ("true", "false") else text
