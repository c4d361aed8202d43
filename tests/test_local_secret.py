"""A secret that this user's programs know, and nobody else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agentrun import local_secret
from agentrun.errors import SetupError


def test_only_its_user_can_read_it(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    assert local_secret.read(environ) is None
    secret = local_secret.load(environ)
    path = local_secret.path(environ)
    assert path
    assert secret == local_secret.load(environ) == local_secret.read(environ)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_servers_that_start_at_once_agree(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(lambda _: local_secret.load(environ), range(64)))
    assert len(found) == 1
    assert [path.name for path in (tmp_path / "agentrun").iterdir()] == ["local-secret"]


def test_one_that_others_can_read_is_refused(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    local_secret.load(environ)
    path = local_secret.path(environ)
    assert path
    path.chmod(0o644)
    with pytest.raises(SetupError, match="others can read"):
        local_secret.load(environ)
    assert local_secret.read(environ) is None
    path.chmod(0o600)
    path.write_text("short")
    with pytest.raises(SetupError, match="does not hold a secret of 32 bytes"):
        local_secret.load(environ)


def test_without_a_home_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for environ in ({}, {"HOME": ""}, {"HOME": "relative"}, {"HOME": str(tmp_path / "file")}):
        assert local_secret.load(environ) is None
        assert local_secret.read(environ) is None


def test_a_token_is_sent_to_a_port_of_its_own() -> None:
    first, second = (local_secret.headers(b"x", f"http://127.0.0.1:{port}/desk") for port in (7860, 7861))
    assert first != second
    assert local_secret.headers(b"x", "http://127.0.0.1/desk") == {}
    assert local_secret.headers(None, "http://127.0.0.1:7860/desk") == {}
