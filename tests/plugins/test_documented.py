"""Every hook stands in ``docs/reference/hooks.md``, with exactly its arguments, and has a docstring."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from agentrun.plugins import hooks, hookspec

DOCS = Path(__file__).parents[2] / "docs" / "reference" / "hooks.md"
SPECS = {name: value for name, value in vars(hookspec).items() if name.startswith("agentrun_")}


def test_the_manual_names_every_hook_with_its_arguments() -> None:
    written = dict(re.findall(r"^### `(\w+)\((.*)\)`$", DOCS.read_text(encoding="utf-8"), re.MULTILINE))
    assert written == {name: ", ".join(inspect.signature(hook).parameters) for name, hook in SPECS.items()}


def test_every_hook_has_a_docstring_with_an_example() -> None:
    assert [name for name, hook in SPECS.items() if ">>>" not in (inspect.getdoc(hook) or "")] == []


def test_every_hook_is_known_to_the_words_for_a_misspelt_one() -> None:
    assert set(hooks.HOOKS) == set(SPECS)
