"""Where servers share what limits and tokens need."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.errors import SetupError
from agentrun.server.shared_state.opening import address, forget_process, open_state


async def test_servers_of_one_machine_share_a_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shared.sqlite3"
    one, two = [await open_state(address(url, None, None)) for _ in range(2)]
    assert await one.use("token", 60)
    assert not await two.use("token", 60)
    assert not one.is_over_machines, "what a machine holds is counted over all that share the file"
    forget_process(url, 2**22)
    for state in (one, two):
        await state.close()


@pytest.mark.parametrize("url", ["mysql://db/calls", "sqlite://", "calls.sqlite3"])
def test_what_nobody_could_share_is_refused_with_what_can_be(url: str) -> None:
    with pytest.raises(SetupError) as refused:
        address(url, None, None)
    assert "sqlite:////run/agentrun.sqlite3" in refused.value.hint


def test_processes_of_other_machines_are_left_alone() -> None:
    forget_process("postgresql+psycopg://nobody/there", 1)
    forget_process(None, 1)
