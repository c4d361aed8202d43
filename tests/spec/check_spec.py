"""What the tests of specs share."""

from __future__ import annotations

from pathlib import Path

from agentrun.cli.checking import CheckOptions, examine_all

SPECS = Path(__file__).parent.parent / "specs"


def complaints(path: Path) -> str:
    """What `agentrun check` says of a spec, with its folder left out; empty for nothing."""
    found = examine_all([path], CheckOptions({"OPENAI_API_KEY": "k", "DAILY_API_KEY": "k"})).all()
    said = "\n".join(str(problem) for problem in found)
    return said.replace(f"{path.parent}/", "").replace(str(path.parent), ".")
