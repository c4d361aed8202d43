"""Fails when the tree of rooms in the documentation lacks a room, or has one that is gone."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "architecture.md"


def packages(folder: Path) -> set[str]:
    return {path.parent.name for path in folder.glob("*/__init__.py")}


def rooms() -> dict[str, str]:
    """What the tree says of each room, by its name."""
    tree = PAGE.read_text().partition("```text\nagentrun/\n")[2].partition("```")[0]
    parts = re.split(r"^  (\w+)/ ", tree, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_the_tree_has_every_room() -> None:
    assert set(rooms()) == packages(ROOT / "agentrun")


def test_each_room_names_those_within_it() -> None:
    short = {"deploy", "text_normalization", "transports"}
    for room, words in rooms().items():
        if room not in short:
            assert set(re.findall(r"(\w+)/", words)) == packages(ROOT / "agentrun" / room), room
