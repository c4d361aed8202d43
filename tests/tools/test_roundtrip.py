"""Whatever a function takes arrives as it was sent."""

from __future__ import annotations

import keyword
from datetime import date
from enum import Enum
from inspect import Parameter
from inspect import Signature as PythonSignature
from typing import Any

import jsonschema
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from agentrun.tools.arguments import function_schema


class Size(Enum):
    SMALL = "S"
    LARGE = "L"


class Address(BaseModel):
    street: str
    title: str = "home"


HINTS: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(-(2**63), 2**63),
    str: st.text(st.characters(exclude_categories=["Cs"])),
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    date: st.dates(),
    Size: st.sampled_from(Size),
    list[int]: st.lists(st.integers(-1000, 1000)),
    dict[str, bool]: st.dictionaries(st.text("abc$", max_size=4), st.booleans()),
    str | None: st.none() | st.text("abc"),
    Address: st.builds(Address, street=st.text("abc"), title=st.text("abc")),
}
NAMES = st.sampled_from(["json", "copy", "schema", "_x", "__y", "model_config", "properties", "title"]) | (
    st.text("abcxyz_", min_size=1, max_size=6)
)


@given(
    st.dictionaries(NAMES.filter(lambda n: not keyword.iskeyword(n)), st.sampled_from(list(HINTS))), st.data()
)
def test_whatever_a_function_takes_arrives_as_it_was_and_fits_the_schema(
    hints: dict[str, Any], data: st.DataObject
) -> None:
    def function(**values: Any) -> None:
        """Take anything."""

    function.__annotations__ = hints
    parameters = [Parameter(name, Parameter.KEYWORD_ONLY) for name in hints]
    function.__signature__ = PythonSignature(parameters)  # type: ignore[attr-defined]
    values = {name: data.draw(HINTS[hint]) for name, hint in hints.items()}

    signature = function_schema.read(function)
    sent = {name: to_jsonable_python(value) for name, value in values.items()}
    jsonschema.validate(sent, signature.parameters)
    assert signature.check(sent) == values
