"""The package is named in the field's words; a word of our own stands in the glossary."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
OUR_OWN = {
    "aloud",
    "beside",
    "colleague",
    "conduct",
    "earshot",
    "floor",
    "hibari",
    "hooking",
    "impatient",
    "keeper",
    "leaks",
    "lifeline",
    "listening",
    "mind",
    "moments",
    "patience",
    "refusing",
    "said",
    "siblings",
    "strangers",
    "surroundings",
    "takeover",
    "tap",
    "telling",
}
"""Words that readers could not guess; each was replaced by the field's word for it."""
IN_GLOSSARY = ("apology", "cassette", "failover", "handoff", "outbox", "plan", "rehearsal", "session", "slot")


def words_of(name: str) -> set[str]:
    """``RecordWriter`` and ``record_writer`` have the same words."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def public_names() -> set[str]:
    """Modules, classes and functions of modules that don't begin with an underscore."""
    names: set[str] = set()
    for path in (ROOT / "agentrun").rglob("*.py"):
        names |= set(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                names.add(node.name)
    return {name for name in names if not name.startswith("_")}


def test_no_public_name_is_a_word_that_readers_could_not_guess() -> None:
    assert {name for name in public_names() if words_of(name) & OUR_OWN} == set()


def test_our_own_words_are_in_the_glossary() -> None:
    rows = (ROOT / "docs" / "reference" / "glossary.md").read_text(encoding="utf-8")
    assert [word for word in IN_GLOSSARY if f"| {word} |" not in rows] == []
