"""Functions that a model could not call."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Signature as PythonSignature
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import BaseModel, Field

from agentrun.tools.arguments import function_schema
from agentrun.tools.arguments.argument_check import SignatureError


class Node(BaseModel):
    children: list[Node] = []


def no_docstring(x: int) -> None: ...


def no_hint(x) -> None:  # type: ignore[no-untyped-def]
    """Do."""


def star(*x: int) -> None:
    """Do."""


def stars(**x: int) -> None:
    """Do."""


def by_position(x: int, /) -> None:
    """Do."""


def unknown(x: Missing) -> None:  # type: ignore[name-defined]  # noqa: F821
    """Do."""


def unreadable(x: "list[") -> None:  # type: ignore[valid-type]  # noqa: F722
    """Do."""


def not_json(x: Callable[[], int]) -> None:
    """Do."""


def not_pydantic(x: PythonSignature) -> None:
    """Do."""


def endless(x: Node) -> None:
    """Do."""


def wrong_pattern(x: Annotated[str, Field(pattern="(")]) -> None:
    """Do."""


def not_an_argument(x: ClassVar[int]) -> None:  # type: ignore[misc]
    """Do."""


def field_as_default(x: int = Field(3, ge=1)) -> None:
    """Do."""


def generator() -> Any:
    """Do."""
    yield 1


async def async_generator() -> Any:
    """Do."""
    yield 1


@pytest.mark.parametrize(
    ("function", "message", "hint"),
    [
        (no_docstring, "has no docstring", "what it does"),
        (no_hint, "has no type hint for 'x'", "write x: str"),
        (star, "takes *x", "name every argument"),
        (stars, "takes **x", "name every argument"),
        (by_position, "takes 'x' by position only", "remove the '/'"),
        (unknown, "has a type hint that can't be read: name 'Missing' is not defined", "import what"),
        (unreadable, "has a type hint that can't be read", "import what"),
        (not_json, "has a type hint that JSON can't express", "use str, int"),
        (not_pydantic, "has a type hint that JSON can't express", "use str, int"),
        (endless, "has the type Node, which contains itself", "a type that ends"),
        (wrong_pattern, "has a type hint that JSON can't express", "use str, int"),
        (not_an_argument, "has a type hint that can't be read", "import what"),
        (field_as_default, "has Field(…) as the default of 'x'", "Annotated[…, Field(…)]"),
        (generator, "yields its results", "as a list"),
        (async_generator, "yields its results", "as a list"),
    ],
)
def test_a_function_that_a_model_could_not_call_is_refused_with_the_mend(
    function: Callable[..., Any], message: str, hint: str
) -> None:
    with pytest.raises(SignatureError) as caught:
        function_schema.read(function)
    assert message in caught.value.message
    assert hint in caught.value.hint
