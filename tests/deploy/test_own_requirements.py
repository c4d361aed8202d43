"""What the plugins of a project import is installed wherever they run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agentrun.deploy.deployment import Deployment
from agentrun.deploy.targets import TARGETS
from tests.deploy.places import deployment, plan_of

URL = "https://voice.example.com"
OWN = "python-dateutil==2.9.0\n# ours: --find-links is the image's\npytz>=2026\n"


def of_dockerfile(made: dict[str, bytes]) -> bool:
    text = made["Dockerfile"].decode()
    install = text.find("install --no-compile --constraint /build/there.txt --requirement /build/plugins.txt")
    copy = text.find('COPY ["plugins/requirements.txt", "/build/plugins.txt"]')
    if install >= 0:
        locked, slimmed = text.index("/build/requirements.lock"), text.index("image.slimming")
        there = text.index("pip freeze > /build/there.txt")
        assert locked < copy < there < install < slimmed, "what is locked comes first, and pip is still there"
    return install >= 0


def of_script(made: dict[str, bytes]) -> bool:
    text = made["release.sh"].decode()
    words = '    pip_install --constraint "$venv/there.txt" --requirement plugins/requirements.txt ||\n'
    install = text.find(words)
    if install >= 0:
        locked, checked = text.index("--requirement requirements.lock"), text.index('bin/agentrun" check')
        assert locked < text.index("pip freeze") < install < checked
    return install >= 0


def of_requirements(made: dict[str, bytes]) -> bool:
    lines = made["requirements.txt"].decode().splitlines()
    own = OWN.splitlines()
    assert own == lines[-len(own) :] or not {*own} & {*lines}
    return own[0] in lines


PLACES: dict[str, Callable[[dict[str, bytes]], bool]] = {
    "bot": of_requirements,
    "compose": of_dockerfile,
    "helm": of_dockerfile,
    "image": of_dockerfile,
    "kubernetes": of_dockerfile,
    "pipecat-cloud": of_requirements,
    "systemd": of_script,
}


def project(folder: Path) -> Deployment:
    return deployment(folder, plan_of(folder), public_url=URL)


def test_no_place_is_left_out() -> None:
    assert {*PLACES} == {*TARGETS}


@pytest.mark.parametrize("place", sorted(PLACES))
def test_what_plugins_import_is_installed(tmp_path: Path, place: str) -> None:
    assert not PLACES[place](TARGETS[place].files(project(tmp_path)))
    (tmp_path / "plugins" / "requirements.txt").write_text(OWN)
    made = TARGETS[place].files(project(tmp_path))
    assert PLACES[place](made)
    assert made["plugins/requirements.txt"] == OWN.encode()
