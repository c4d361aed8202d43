"""What ``agentrun check`` costs: 100 specs in one run, and the start of the process.

``python benchmarks/check_speed.py [RUNS]``: seconds of CPU, user and system, median of RUNS (9 by default).
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

ROOT = Path(__file__).parents[1]
BARE = [sys.executable, "-c", "import click, yaml, pydantic, pluggy"]
CHECK = [sys.executable, "-m", "agentrun", "check"]
MANY = 100


def cpu(command: list[str], folder: Path) -> float:
    """Seconds of CPU that ``command`` takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environ = {**os.environ, "OPENAI_API_KEY": "k"}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stdout + done.stderr
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print what each costs."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "agents").mkdir()
        (folder / "plugins").symlink_to(ROOT / "plugins")
        text = (ROOT / "agents" / "ncaa.yaml").read_text(encoding="utf-8")
        tests = (ROOT / "agents" / "ncaa.tests.yaml").read_text(encoding="utf-8")
        for number in range(MANY):
            (folder / "agents" / f"agent-{number}.yaml").write_text(text)
            (folder / "agents" / f"agent-{number}.tests.yaml").write_text(tests)
        found: dict[str, list[float]] = {"bare": [], "one": [], "many": []}
        for _ in track(range(runs), "checking", transient=True):
            found["bare"].append(cpu(BARE, folder))
            found["one"].append(cpu([*CHECK, "agents/agent-0.yaml"], folder))
            found["many"].append(cpu([*CHECK, "agents"], folder))
    bare, one, many = (statistics.median(found[key]) for key in ("bare", "one", "many"))
    table = Table("seconds of CPU, median", str(runs) + " runs")
    table.add_row("import click, yaml, pydantic, pluggy", f"{bare:.2f}")
    table.add_row("check of one spec, above that", f"{one - bare:.2f}")
    table.add_row(f"check of {MANY} specs, above one", f"{many - one:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
