"""Every spec of ``tests/specs/bad`` says exactly what stands in the text file beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.spec.check_spec import SPECS, complaints

WHAT_TO_DO = (
    *("did you mean ", "write ", "add ", "leave ", "remove ", "put ", "name ", "use ", "choose ", "give "),
    *("move ", "rename ", "begin ", "check ", "close ", "keep ", "make ", "say ", "save ", "export "),
    *("indent ", "flatten ", "exchange ", "send ", "have ", "compare ", "break "),
    *("install ", "pip install ", "uv pip install "),
)
"""How a hint begins: with what was meant, or with the next step."""
BAD = sorted((SPECS / "bad").glob("*.yaml"))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_spec_says_what_is_wrong_with_it(path: Path) -> None:
    assert complaints(path) == path.with_suffix(".txt").read_text(encoding="utf-8").rstrip("\n")


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_no_message_speaks_of_what_is_inside(path: Path) -> None:
    said = complaints(path).lower()
    assert not [
        word for word in ("pydantic", "traceback", "input should", "nonetype", "errno") if word in said
    ]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_every_hint_says_what_to_do(path: Path) -> None:
    hints = [line.strip() for line in complaints(path).splitlines() if line.startswith("  hint: ")]
    assert [hint for hint in hints if not hint.removeprefix("hint: ").startswith(WHAT_TO_DO)] == []


def test_there_are_enough_bad_specs() -> None:
    assert len(BAD) >= 60
