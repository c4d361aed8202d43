"""Write what images install, from the lock: ``make lock``.

``agentrun/deploy/image/locked.txt`` has the blocks of ``requirements.lock`` that agents need where they run;
``extras.json`` names the packages of each of those extras, and under "" those that every agent needs.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOM = ROOT / "agentrun" / "deploy" / "image"
EXTRAS = ("browser", "daily", "mcp", "pdf", "postgresql", "recordings", "tracing")
"""Not the models of `--offline`, the documentation, and what tests need."""
BUILDERS = ("setuptools",)
"""What makes wheels of the packages that come as source alone, under "build"."""
_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==", re.MULTILINE)


def main(uv: str) -> None:
    """Write both files with the ``uv`` that is given."""
    named = {extra: _names(uv, extra) for extra in ("", *EXTRAS)}
    named["build"] = list(BUILDERS)
    wanted = {name for names in named.values() for name in names}
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)[1:]
    kept = [re.sub(r"^    #.*\n", "", one, flags=re.MULTILINE) for one in blocks if _first(one) in wanted]
    (ROOM / "locked.txt").write_text("".join(kept), encoding="utf-8")
    base = set(named[""])
    own = {extra: sorted(set(names) - base) if extra else sorted(base) for extra, names in named.items()}
    (ROOM / "extras.json").write_text(json.dumps(own, indent=1) + "\n", encoding="utf-8")


def _first(block: str) -> str:
    found = _NAME.match(block)
    return found[1] if found else ""


def _names(uv: str, extra: str) -> list[str]:
    """The packages that the project needs with ``extra``, in the versions of the lock."""
    command = [uv, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--no-header"]
    command += ["--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--constraint"]
    command += ["requirements.lock", *(["--extra", extra] if extra else []), "pyproject.toml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return sorted(set(_NAME.findall(done.stdout)))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "uv")
