"""`agentrun serve` with agents on Daily: what starts, and what is shown."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from agentrun.cli.output import server_screen
from agentrun.errors import SetupError
from agentrun.server.auth import call_access
from agentrun.server.auth.call_access import Access
from agentrun.server.lifecycle.startup import Options, running_server
from agentrun.simulate.daily import DailyServer
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from agentrun.transports import daily
from tests.server.daily.daily_desk import Lines

ENVIRON = {"OPENAI_API_KEY": "test", "DAILY_API_KEY": "key"}


def spec(folder: Path, transport: str) -> Path:
    path = folder / "desk.yaml"
    path.write_text(f"transport: {transport}\nprompts: {{system: Hi., apology: Sorry.}}\n")
    return path


async def test_a_server_has_dailys_routes_where_an_agent_has_the_transport(tmp_path: Path) -> None:
    openai = OpenAIServer(ScriptedHearing(()), ToneVoice(), ScriptedBrain(()))
    async with DailyServer() as api, openai:
        environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url, **api.environ()}
        for transport, status in (("[daily, local]", 401), ("local", 404)):
            options = Options(port=0)
            given = {**environ, "AGENTRUN_API_KEY": "k"}
            async with running_server([spec(tmp_path, transport)], given, options) as server:
                async with httpx.AsyncClient(trust_env=False) as client:
                    answer = await client.post(f"{server.url}/desk/daily/start")
                assert answer.status_code == status


async def test_the_start_screen_says_where_the_agent_is_met(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A room that is given is joined at the start: here one without sound."""
    lines = Lines()
    monkeypatch.setattr(daily, "connect", lines.connect)
    openai = OpenAIServer(ScriptedHearing(()), ToneVoice(), ScriptedBrain(()))
    async with openai:
        environ = {**ENVIRON, "OPENAI_BASE_URL": openai.base_url}
        async with running_server([spec(tmp_path, "daily")], environ, Options(port=0)) as server:
            server_screen.show_start(server)
            assert f"{server.url}/desk/daily/start" in capsys.readouterr().out
            assert lines.calls == []
        given = "{type: daily, room_url: 'https://example.daily.co/desk'}"
        async with running_server([spec(tmp_path, given)], environ, Options(port=0)) as server:
            server_screen.show_start(server)
            assert "https://example.daily.co/desk" in capsys.readouterr().out
            assert [made.room_url for made in lines.invitations] == ["https://example.daily.co/desk"]
            assert server.switchboard.live == 1


def test_a_public_host_needs_twilios_token_only_for_twilio() -> None:
    host = "0.0.0.0"  # noqa: S104
    assert call_access.decide(host, {}, offline=False, insecure=False, transports=["daily"]) is Access.CLOSED
    with pytest.raises(SetupError, match="--insecure is refused"):
        call_access.decide(host, {}, offline=False, insecure=True, transports=["daily"])


@pytest.mark.parametrize(
    ("transport", "variable"),
    [
        ("local", "AGENTRUN_API_KEY"),
        ("[daily, twilio]", "TWILIO_AUTH_TOKEN"),
        ("[local, twilio]", "TWILIO_AUTH_TOKEN"),
    ],
)
async def test_a_public_host_says_which_variable_those_who_come_need(
    tmp_path: Path, transport: str, variable: str
) -> None:
    options = Options(host="0.0.0.0", port=0)  # noqa: S104 - nothing is bound
    with pytest.raises(SetupError, match=f"{variable} is not set"):
        async with running_server([spec(tmp_path, transport)], ENVIRON, options):
            pass
