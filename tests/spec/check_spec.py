"""What the tests of specs share."""

from __future__ import annotations

from pathlib import Path

from agentrun import plan, plugins, spec
from agentrun.errors import SpecError

SPECS = Path(__file__).parent.parent / "specs"


def complaints(path: Path) -> str:
    """What loading and planning a spec complain of, with its folder left out; empty for nothing."""
    try:
        file = spec.load(path)
        plan.make(file, plugins.load(file), {"OPENAI_API_KEY": "k"})
    except SpecError as error:
        return str(error).replace(f"{path.parent}/", "").replace(str(path.parent), ".")
    return ""
