"""Fails when a method of Pipecat's that agentrun replaces has moved, or is replaced in another way."""

import inspect
from pathlib import Path

import pytest
from pipecat.processors.filters.identity_filter import IdentityFilter
from pipecat.processors.frame_processor import FrameProcessor

import agentrun
from agentrun.pipeline.pipecat_private import browser_sound
from agentrun.pipeline.pipecat_private.replacements import REPLACEABLE, Replaceable, replace_method


@pytest.mark.parametrize(
    "row", [*REPLACEABLE, *browser_sound.REPLACEABLE], ids=lambda row: f"{row.owner.__name__}.{row.name}"
)
def test_pipecat_has_the_method_and_calls_it_with_what_a_replacement_takes(row: Replaceable) -> None:
    own, *parameters = inspect.signature(getattr(row.owner, row.name)).parameters.values()
    assert own.name == "self"
    assert tuple(each.name for each in parameters) == row.parameters


def test_a_replacement_is_for_one_object_alone_and_gives_what_was_there() -> None:
    one, other = IdentityFilter(), IdentityFilter()
    before = one.push_frame

    async def push_frame(*args: object) -> None:
        """Keeps everything back."""

    assert replace_method(one, "push_frame", push_frame) == before
    assert one.push_frame is push_frame
    assert isinstance(other, FrameProcessor)
    assert other.push_frame.__func__ is FrameProcessor.push_frame  # type: ignore[attr-defined]


def test_a_method_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(TypeError, match="process_frame of IdentityFilter is not among the methods"):
        replace_method(IdentityFilter(), "process_frame", print)


OTHERS = ("endpoint.create = ", "connect.open_tcp_connection = ")
"""Of OpenAI's own client, and of websockets: see the tests of whoever puts something there."""


def test_nothing_else_puts_a_method_in_the_place_of_another() -> None:
    root = Path(agentrun.__file__).parent
    others = [
        f"{path.relative_to(root)}:{number}"
        for path in sorted(root.rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if "method-assign" in line and not any(name in line for name in OTHERS)
    ]
    assert others == []
