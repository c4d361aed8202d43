"""Whatever a spec is made into, loading it gives a spec or says what is wrong with it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from agentrun.errors import SpecError
from agentrun.spec import load
from agentrun.spec.loading.spec_file import SpecFile
from tests.spec.check_spec import SPECS

EXAMPLES = [path.read_text(encoding="utf-8") for path in sorted((SPECS / "good").glob("*.yaml"))]
PIECES = [
    "",
    "\t",
    ":",
    "- ",
    "{",
    "}",
    "[",
    "'",
    '"',
    "#",
    "&a ",
    "*a",
    "!!int ",
    "<<: ",
    "null",
    "{{",
    "%}",
    "\0",
    "7",
    "\n",
]
QUICKLY = settings(max_examples=150)


def load_text(text: str) -> SpecFile | SpecError:
    """A spec of this text, or what is wrong with it; every other exception comes through."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.yaml")
        path.write_text(text, encoding="utf-8", newline="")
        try:
            return load(path)
        except SpecError as error:
            assert error.problems  # noqa: PT017 - there need not be one
            return error


@QUICKLY
@given(
    text=st.sampled_from(EXAMPLES),
    cuts=st.lists(
        st.tuples(
            st.floats(0, 1), st.integers(0, 12), st.sampled_from(PIECES) | st.text("aé ☃\x07", max_size=4)
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_a_mutated_spec_loads_or_says_what_is_wrong(text: str, cuts: list[tuple[float, int, str]]) -> None:
    for place, length, piece in cuts:
        start = int(place * len(text))
        text = text[:start] + piece + text[start + length :]
    load_text(text)


@QUICKLY
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_any_text_loads_or_says_what_is_wrong(text: str) -> None:
    load_text(text)


@QUICKLY
@given(
    path=st.sampled_from(
        ["transport", "tools[0]", "prompts.system", "pipeline.llm", "vars.x", "turns.idle", "extends"]
    )
    | st.text("abc.[]01", max_size=12),
    value=st.text(max_size=20)
    | st.sampled_from(["{a: b}", "[1, {}]", "'", "{{ x }}", "null", "99999999999999999999"]),
)
def test_any_override_loads_or_says_what_is_wrong(path: str, value: str) -> None:
    for name in ("shortest", "everything"):
        try:
            load(SPECS / "good" / f"{name}.yaml", [(path, value)])
        except SpecError as error:
            assert error.problems  # noqa: PT017 - there need not be one
