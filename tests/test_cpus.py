"""How many processors a process may use, by what it may run on and by the quotas of its control groups."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agentrun import cpus


@pytest.fixture(autouse=True)
def sixty_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)


@pytest.mark.parametrize(
    ("proc", "files", "expected"),
    [
        ("0::/\n", {"cpu.max": "max 100000"}, 64.0),
        ("0::/\n", {"cpu.max": "100000 100000\n"}, 1.0),
        ("0::/\n", {"cpu.max": "50000 100000"}, 0.5),
        ("0::/system.slice/desk.service\n", {"system.slice/desk.service/cpu.max": "200000 100000"}, 2.0),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000", "a/cpu.max": "300000 100000"}, 3.0),
        ("0::/../../other\n", {"cpu.max": "100000 100000"}, 1.0),
        (
            "4:cpu,cpuacct:/\n0::/\n",
            {"cpu,cpuacct/cpu.cfs_quota_us": "150000", "cpu,cpuacct/cpu.cfs_period_us": "100000"},
            1.5,
        ),
        ("1:cpu:/pod\n", {"cpu/pod/cpu.cfs_quota_us": "-1", "cpu/pod/cpu.cfs_period_us": "100000"}, 64.0),
        ("nonsense\n\n0:\n", {"cpu.max": "none of it"}, 64.0),
        ("0::/\n", {"cpu.max": "0 0"}, 64.0),
        ("0::/\n", {}, 64.0),
    ],
)
def test_a_quota_is_less_than_the_machine(
    tmp_path: Path, proc: str, files: dict[str, str], expected: float
) -> None:
    (tmp_path / "cgroup").write_text(proc)
    for name, text in files.items():
        path = tmp_path / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert cpus.available(tmp_path / "cgroup", tmp_path / "groups") == expected


def test_where_there_are_no_control_groups_the_machine_counts(tmp_path: Path) -> None:
    assert cpus.available(tmp_path / "none", tmp_path) == 64.0
