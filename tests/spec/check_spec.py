"""What the tests of specs share."""

from __future__ import annotations

from pathlib import Path

from agentrun import plan, spec
from agentrun.errors import SpecError

SPECS = Path(__file__).parent.parent / "specs"


def complaints(path: Path) -> str:
    """What loading and planning the spec at ``path`` complain of, with its folder left out; empty for nothing."""
    try:
        plan.make(spec.load(path), (), {"OPENAI_API_KEY": "k"})
    except SpecError as error:
        return str(error).replace(f"{path.parent}/", "").replace(str(path.parent), ".")
    return ""
