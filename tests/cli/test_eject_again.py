"""``agentrun eject`` into a folder that is there: what holds on, what is refused, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agentrun.cli import deploying
from agentrun.cli.commands import eject
from agentrun.cli.options.target import TARGET_NAMES
from agentrun.deploy.written.manifest import NAME
from agentrun.errors import SetupError
from tests.deploy.places import plan_of
from tests.deploy.test_capacity import result
from tests.deploy.test_capacity import written as bench_file

URL = "https://voice.example.com"
PUBLIC = ("compose", "helm", "kubernetes", "systemd")


@pytest.fixture
def agents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder of one agent."""
    monkeypatch.setattr(deploying, "own_wheel", lambda: None)
    plan_of(tmp_path)
    return str(tmp_path / "agents")


def run(agents: str, target: str, *more: str) -> Result:
    arguments = [agents, "--to", str(Path(agents).parent / "out"), "--target", target, *more]
    return CliRunner().invoke(eject.command, arguments, catch_exceptions=False, standalone_mode=False)


def place_of(agents: str) -> dict[str, object]:
    place: dict[str, object] = json.loads((Path(agents).parent / "out" / NAME).read_text())["place"]
    return place


@pytest.mark.parametrize("target", PUBLIC)
def test_another_agent_does_not_change_what_the_service_is_called(
    tmp_path: Path, agents: str, target: str
) -> None:
    run(agents, target, "--public-url", URL)
    before = {path.name for path in (tmp_path / "out").rglob("*desk.*")}
    plan_of(tmp_path, "billing")
    done = run(agents, target)
    assert done.return_value == 0
    assert "billing" in (tmp_path / "out" / "agents" / "billing.yaml").name
    assert place_of(agents)["name"] == "desk"
    assert {path.name for path in (tmp_path / "out").rglob("*desk.*")} == before
    assert "no longer written" not in done.output


def test_a_name_is_said_once(tmp_path: Path, agents: str) -> None:
    run(agents, "systemd", "--public-url", URL, "--name", "voice")
    assert (tmp_path / "out" / "voice@.service").is_file()
    assert "wrote" not in run(agents, "systemd").output
    with pytest.raises(SetupError, match="was written under the name 'voice'"):
        run(agents, "systemd", "--name", "other")


@pytest.mark.parametrize("name", ["Voice", "24h", "a b", "a/b", "-a", "a-", "a--b", "a" * 41, "", "über"])
def test_what_can_not_be_a_name_is_refused(agents: str, name: str) -> None:
    given = [agents, "--to", "out", "--target", "systemd", "--public-url", URL, "--name", name]
    done = CliRunner().invoke(eject.command, given)
    assert done.exit_code == 2
    assert "lower-case letters" in done.output


def test_other_agents_do_not_take_the_name_of_those_that_were_there(tmp_path: Path, agents: str) -> None:
    run(agents, "systemd", "--public-url", URL)
    (tmp_path / "agents" / "desk.yaml").rename(tmp_path / "agents" / "reception.yaml")
    with pytest.raises(SetupError, match="was written for desk, and these are reception"):
        run(agents, "systemd")
    assert run(agents, "systemd", "--name", "desk").return_value == 0


def test_what_was_said_once_holds_until_something_else_is_said(tmp_path: Path, agents: str) -> None:
    bench = str(bench_file(tmp_path, result()))
    said = ("--public-url", URL, "--image", "desk:1", "--calls", "50", "--bench", bench)
    run(agents, "kubernetes", *said)
    path = tmp_path / "out" / "kubernetes" / "deployment.yaml"
    before = path.read_text()
    assert "updated" not in run(agents, "kubernetes").output
    assert path.read_text() == before
    assert "updated" in run(agents, "kubernetes", "--image", "desk:2").output
    assert path.read_text() == before.replace("desk:1", "desk:2")


def test_a_tag_that_other_specs_may_have_is_warned_of(tmp_path: Path, agents: str) -> None:
    run(agents, "compose", "--public-url", URL, "--image", "desk:1")
    spec = tmp_path / "agents" / "desk.yaml"
    spec.write_text(spec.read_text() + "# new\n")
    done = CliRunner().invoke(
        eject.command, [agents, "--to", str(tmp_path / "out"), "--target", "compose"], catch_exceptions=False
    )
    assert "desk:1 may be built already, of other specs" in done.stderr


def test_the_organization_stays_in_the_twiml(tmp_path: Path, agents: str) -> None:
    assert "names no organization yet" in run(agents, "pipecat-cloud").output
    run(agents, "pipecat-cloud", "--organization", "three-words")
    assert "names no organization" not in run(agents, "pipecat-cloud").output
    assert "desk.three-words" in (tmp_path / "out" / "twiml-bin.xml").read_text()


@pytest.mark.parametrize("other", ["helm", "systemd", "bot"])
def test_one_folder_is_for_one_target(tmp_path: Path, agents: str, other: str) -> None:
    run(agents, "compose", "--public-url", URL)
    before = {path.name for path in (tmp_path / "out").iterdir()}
    with pytest.raises(SetupError, match=f"its files are for compose, and not for {other}"):
        run(agents, other)
    assert {path.name for path in (tmp_path / "out").iterdir()} == before


def test_files_of_somebody_else_are_not_called_edits(tmp_path: Path, agents: str) -> None:
    (tmp_path / "out").mkdir()
    for name in ("Dockerfile", "bot.py"):
        (tmp_path / "out" / name).write_text("FROM scratch\n")
    with pytest.raises(SetupError, match=r"bot\.py' is there, and 1 more, and was not written by agentrun"):
        run(agents, "pipecat-cloud")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["Dockerfile", "bot.py"]
    assert run(agents, "pipecat-cloud", "--overwrite").return_value == 0
    assert "agentrun" in (tmp_path / "out" / "bot.py").read_text()


def test_an_edit_that_stayed_does_not_end_like_success(tmp_path: Path, agents: str) -> None:
    run(agents, "compose", "--public-url", URL)
    path = tmp_path / "out" / "compose.yaml"
    path.write_text(path.read_text() + "# mine\n")
    done = run(agents, "compose")
    assert done.return_value == 1
    assert "compose.yaml was kept as edited" in done.stderr
    assert "Next:" not in done.output
    meant = run(agents, "compose", "--keep")
    assert (meant.return_value, "Next:" in meant.output) == (0, True)
    assert path.read_text().endswith("# mine\n")


@pytest.mark.parametrize("target", TARGET_NAMES)
def test_secrets_are_kept_out_of_git_whatever_the_target(tmp_path: Path, agents: str, target: str) -> None:
    run(agents, target, *(("--public-url", URL) if target in PUBLIC else ()))
    lines = (tmp_path / "out" / ".gitignore").read_text().splitlines()
    assert {"secrets.env", ".env"} <= {*lines}


def test_lines_of_ones_own_beside_the_ignored_secrets_are_no_edit(tmp_path: Path, agents: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".gitignore").write_text("build/\nsecrets.env\n.env\n")
    assert run(agents, "bot").return_value == 0
    assert (tmp_path / "out" / ".gitignore").read_text().startswith("build/")


@pytest.mark.parametrize(
    ("target", "option"),
    [
        ("bot", ("--image", "desk:1")),
        ("bot", ("--name", "desk")),
        ("bot", ("--public-url", URL)),
        ("compose", ("--organization", "three-words")),
        ("compose", ("--calls", "7")),
        ("compose", ("--dispatched",)),
        ("image", ("--public-url", URL)),
        ("pipecat-cloud", ("--image", "desk:1")),
        ("pipecat-cloud", ("--public-url", URL)),
        ("systemd", ("--image", "desk:1")),
        ("systemd", ("--calls", "7")),
    ],
)
def test_what_a_target_can_not_use_is_refused(
    tmp_path: Path, agents: str, target: str, option: tuple[str, ...]
) -> None:
    address = ("--public-url", URL) if target in PUBLIC else ()
    words = "is for --target" if option[0] == "--dispatched" else f"{option[0]} has no effect with"
    with pytest.raises(SetupError, match=words):
        run(agents, target, *address, *option)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://voice.example.com", "is not encrypted"),
        ("https://voice.example.com/agents", "'/agents' is a path"),
        ("https://me:secret@voice.example.com", "a user and a password have no place"),
        ("https://localhost", "no service of theirs can find"),
        ("https://machine.local", "no service of theirs can find"),
        ("https://10.0.0.7", "certificates are for names"),
        ("https://[::1]", "certificates are for names"),
        ('https://voice.ex"ample.com', "is not the name of a host"),
        ("https://voice.example.com{", "is not the name of a host"),
        ("https://voice.example.com:8443", "port 8443 is not open there"),
        ("https://stimme.müller.example", "write stimme.xn--mller-kva.example"),
        ("https://voice.example.com?a=1", "has a part after"),
    ],
)
@pytest.mark.parametrize("target", ["compose", "helm"])
def test_an_address_that_can_not_be_the_places_is_refused(
    tmp_path: Path, agents: str, target: str, url: str, words: str
) -> None:
    with pytest.raises(SetupError, match=words) as error:
        run(agents, target, "--public-url", url)
    assert "secret" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_a_server_of_ones_own_may_be_asked_at_another_port(tmp_path: Path, agents: str) -> None:
    run(agents, "systemd", "--public-url", "https://Voice.example.com:8443/")
    text = (tmp_path / "out" / "Caddyfile").read_text()
    assert "\nvoice.example.com:8443 {" in text
    assert place_of(agents)["public_url"] == "https://voice.example.com:8443"


@pytest.mark.parametrize(
    ("transport", "way"), [("twilio", "twilio --proxy HOST"), ("daily", "daily"), ("local", "webrtc")]
)
def test_a_bot_is_started_the_way_that_its_agent_is_reached(
    tmp_path: Path, agents: str, transport: str, way: str
) -> None:
    plan_of(tmp_path, transport=transport)
    done = run(agents, "bot")
    assert f"  python bot.py -t {way}\n" in done.output
    assert "  install -m 600 secrets.env.example .env  # and fill it in: OPENAI_API_KEY" in done.output
    assert "Copy this to .env," in (tmp_path / "out" / "secrets.env.example").read_text()
