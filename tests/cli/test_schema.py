"""``agentrun schema`` offers what `plugins list` shows."""

from __future__ import annotations

import json
from pathlib import Path

from tests import programs


def test_an_editor_is_offered_plugins_and_no_tests(tmp_path: Path) -> None:
    plugins = tmp_path / "plugins"
    for name in (
        "orders.py",
        "test_orders.py",
        "conftest.py",
        "_shared.py",
        "hours/__init__.py",
        "notes/x.py",
    ):
        (plugins / name).parent.mkdir(parents=True, exist_ok=True)
        (plugins / name).write_text("")
    done = programs.run("schema", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    offered = json.loads(done.stdout)["properties"]["tools"]["items"]["anyOf"][0]["enum"]
    assert offered[-2:] == ["hours", "orders"]
    assert "transfer" in offered
    assert not {"test_orders", "conftest", "_shared", "notes"} & {*offered}
