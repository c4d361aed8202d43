"""What is looked at before a server loads anything: addresses of stores."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.errors import SetupError
from agentrun.server.lifecycle import preflight


@pytest.mark.parametrize(
    "url", ["sqlite:///file:{}/x.db?uri=true", "sqlite:///{}/x.db?timeout=5", "sqlite://"]
)
def test_every_address_that_the_store_takes_passes(tmp_path: Path, url: str) -> None:
    preflight.require_store(url.format(tmp_path))


def test_a_link_to_a_file_that_is_to_be_made_is_looked_at_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    link = tmp_path / "calls.sqlite3"
    link.symlink_to(tmp_path / "data" / "calls.sqlite3")
    preflight.require_store(f"sqlite:///{link}")
    (tmp_path / "data").rmdir()
    with pytest.raises(SetupError, match="there is no folder"):
        preflight.require_store(f"sqlite:///{link}")
