"""How many processors this process may use."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

_PROC, _CGROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def available(proc: Path = _PROC, cgroups: Path = _CGROUPS) -> float:
    """How many processors this process may use at once; a container or unit may have half of one.

    The least of those that it may run on and of the quotas of its control groups: of its own one and of those
    above it (https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files).

    >>> available() > 0
    True
    """
    may_run_on = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min([float(may_run_on), *_quotas(proc, cgroups)])


def _quotas(proc: Path, cgroups: Path) -> list[float]:
    """What each quota allows; versions 1 and 2 of control groups may be mounted side by side."""
    try:
        lines = proc.read_text().splitlines()
    except OSError:
        return []
    found: list[float] = []
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if not controllers:
            read, roots = _version_2, (cgroups, cgroups / "unified")
        elif "cpu" in controllers.split(","):
            read, roots = _version_1, (cgroups / "cpu", cgroups / controllers)
        else:
            continue
        own = PurePosixPath(path.lstrip("/"))
        groups = {root / group for root in roots for group in (own, *own.parents)}
        found += [quota for quota in map(read, groups) if quota]
    return found


def _version_2(group: Path) -> float | None:
    quota, _, period = _text(group / "cpu.max").partition(" ")
    return _share(quota, period)


def _version_1(group: Path) -> float | None:
    return _share(_text(group / "cpu.cfs_quota_us"), _text(group / "cpu.cfs_period_us"))


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _share(quota: str, period: str) -> float | None:
    """None for no quota: ``max`` in version 2, -1 in version 1."""
    if not quota.isdecimal() or not period.isdecimal() or not int(quota) or not int(period):
        return None
    return int(quota) / int(period)
