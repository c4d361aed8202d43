"""Each part of a service is killed in mid call, and the call goes on; ``kills.py`` has every moment."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.machines.kills import service

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.needs(shutil.which("haproxy", path="/usr/sbin:/usr/bin"), "apt-get install haproxy"),
]
CELLS = (("worker", "tool"), ("supervisor", "answer"), ("machine", "greeting"), ("PostgreSQL", "answer"))


async def test_a_call_outlives_each_part_of_the_service(tmp_path: Path) -> None:
    async with service(tmp_path) as found:
        outcomes = [await found.try_out(part, moment) for part, moment in CELLS]
    wrong = {f"{each.part} in {each.moment}": (each.wrong(), each.heard) for each in outcomes if each.wrong()}
    assert wrong == {}
