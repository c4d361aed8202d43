"""Where an agent that can't write beside its spec keeps sound, and what it is sent with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agentrun.deploy import server_checks
from agentrun.deploy.image import files as image
from agentrun.deploy.pipecat_cloud import files as pipecat_cloud
from agentrun.deploy.systemd import files as systemd
from tests.deploy.places import deployment, plan_of

SENT = "record: {audio: 's3://bucket/calls'}\n"
URL = "https://voice.example.com"


@pytest.fixture(autouse=True)
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes it has what sound is sent with."""
    monkeypatch.setattr("agentrun.plan.recording.find_spec", lambda _name: object())


@pytest.mark.parametrize("more", [SENT, "record: {audio: '${RECORDINGS}'}\n"])
def test_sound_waits_in_the_folder_that_the_agent_may_write_to(tmp_path: Path, more: str) -> None:
    wanted = deployment(tmp_path, plan_of(tmp_path, more=more), public_url=URL)
    text = image.files(wanted)["Dockerfile"].decode()
    step = "RUN mkdir -p /srv/agents/.agentrun && ln -s /data /srv/agents/.agentrun/recordings\n"
    assert step in text
    assert text.index('COPY ["agents"') < text.index(step) < text.index("USER 10001")
    script = systemd.files(wanted)["release.sh"].decode()
    link = 'ln -s "/var/lib/$name" "$1/project/"agents/.agentrun/recordings\n'
    made = 'install -d "$1/project/"agents/.agentrun\n'
    assert script.index("cp -r ./agents") < script.index(made) < script.index(link)


def test_records_that_a_database_does_not_take_have_a_place_too(tmp_path: Path) -> None:
    script = systemd.files(deployment(tmp_path, public_url=URL))["release.sh"].decode()
    assert 'ln -s "/var/lib/$name" "$1/project/agentrun-calls.sqlite3-unstored"\n' in script


def test_what_sound_is_sent_with_is_installed(tmp_path: Path) -> None:
    wanted = deployment(tmp_path, plan_of(tmp_path, more=SENT), public_url=URL)
    lines = pipecat_cloud.files(wanted)["requirements.txt"].decode().splitlines()
    assert lines[-1] == "s3fs"
    assert "recordings" in lines[0]
    text = image.files(wanted)["Dockerfile"].decode()
    [version] = re.findall(r"^fsspec==(\S+)", image.files(wanted)["requirements.lock"].decode(), re.MULTILINE)
    assert f"pip install --no-compile s3fs=={version} \\\n" in text
    assert f"    pip_install s3fs=={version}\n" in systemd.files(wanted)["release.sh"].decode()


@pytest.mark.parametrize(
    ("more", "count"),
    [("record: {audio: recordings/}\n", 1), (SENT, 0), ("record: {audio: '${RECORDINGS}'}\n", 0), ("", 0)],
)
def test_a_folder_beside_the_spec_can_not_be_written_to_there(tmp_path: Path, more: str, count: int) -> None:
    problems = list(server_checks.problems(plan_of(tmp_path, more=more), {}))
    assert [(one.where, one.line) for one in problems] == [("record.audio.to", 4)] * count
    assert all("RECORDINGS=/data/recordings" in one.hint for one in problems)


@pytest.mark.parametrize(
    ("transport", "asks"), [("twilio", False), ("[twilio, local]", True), ("daily", True)]
)
def test_webrtc_may_ask_for_the_addresses_of_the_machine(tmp_path: Path, transport: str, asks: bool) -> None:
    wanted = deployment(tmp_path, plan_of(tmp_path, transport=transport), public_url=URL)
    unit = systemd.files(wanted)["desk@.service"].decode()
    assert (" AF_NETLINK\n" in unit) == asks
