"""``keys:`` in a spec: the meaning of the caller's telephone keys."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from agentrun.spec.models.base import Count, SpecModel, Text, word
from agentrun.spec.values.durations import Duration

_as_text = BeforeValidator(lambda value: str(value) if type(value) is int else value)
Pressed = Annotated[str, StringConstraints(pattern=r"^[0-9*#]{1,8}$"), _as_text]
"""Keys of a telephone; YAML reads a bare ``1`` as a number."""


class KeyChoice(SpecModel):
    """What a key of a menu stands for; `1: opening hours` is short for `1: {say: opening hours}`."""

    say: Text = Field(description="What the caller says by pressing it; the model is given these words.")
    to: Text | None = Field(
        default=None, description="The node of the flow that it leads to, without asking the model."
    )


class Keys(SpecModel):
    """Keys that the caller presses count as a turn, as if spoken; both work at any time."""

    menu: dict[Pressed, Annotated[KeyChoice, word("say")]] = Field(
        default={},
        max_length=50,
        description="What single keys mean; any other keys are given to the model as they are.",
        examples=[{"1": "opening hours", "2": {"say": "a table", "to": "booking"}}],
    )
    digits: Count | None = Field(
        default=None, ge=1, le=40, description="How many keys make a whole entry, such as 4 for a PIN."
    )
    most: Count = Field(default=40, ge=1, le=40, description="The most keys that an entry can have.")
    finish: Pressed | None = Field(default="#", description="The key that ends an entry; null for none.")
    timeout: Duration = Field(
        default=3.0,
        gt=0,
        le=60,
        description="How long after a key the next one may come.",
        examples=["800ms", "5s"],
    )
    wrong: Text | None = Field(
        default=None,
        description="What the caller hears after keys that are neither in `menu` nor `digits` long; without "
        "it the model is given them.",
    )

    @model_validator(mode="after")
    def _ends_can_be_reached(self) -> Self:
        if self.finish and len(self.finish) != 1:
            raise PydanticCustomError("together", "`finish:` is a single key")
        if self.wrong and not (self.menu or self.digits):
            raise PydanticCustomError("together", "`wrong:` needs `menu:` or `digits:`")
        if self.digits and self.digits > self.most:
            raise PydanticCustomError(
                "together", "`most:` is less than `digits:`, so an entry would end too early"
            )
        if self.finish and any(self.finish in keys and keys != self.finish for keys in self.menu):
            message = "the key of `finish:` ends an entry, so no entry of `menu:` can contain it"
            raise PydanticCustomError("together", message)
        return self

    @property
    def ways(self) -> Iterator[tuple[str, str]]:
        """The keys that lead to a node of the flow, and to which."""
        return ((pressed, choice.to) for pressed, choice in self.menu.items() if choice.to)

    def is_whole(self, pressed: str) -> bool:
        """Whether an entry is over without a further key.

        >>> Keys(menu={"1": "hours"}).is_whole("1")
        True
        >>> Keys(digits=4).is_whole("123")
        False
        """
        if self.digits and len(pressed) >= self.digits:
            return True
        if len(pressed) >= self.most:
            return True
        may_go_on = any(key != pressed and key.startswith(pressed) for key in self.menu)
        return bool(self.menu) and not self.digits and not may_go_on

    def is_wrong(self, pressed: str) -> bool:
        """Whether an entry is none that was asked for."""
        asked = bool(self.menu or self.digits)
        return asked and pressed not in self.menu and len(pressed) != self.digits
