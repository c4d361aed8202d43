"""What a server refuses before it listens."""

from pathlib import Path

import pytest

from agentrun.errors import SetupError, SpecError
from agentrun.server.lifecycle.startup import Options, load, running_server

ENVIRON = {"OPENAI_API_KEY": "test", "TWILIO_AUTH_TOKEN": "test"}


def spec(folder: Path, name: str, text: str = "transport: twilio\nprompts: Be brief.\n") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


async def test_twilio_on_a_public_host_needs_its_public_address(tmp_path: Path) -> None:
    options = Options(host="0.0.0.0", port=0)  # noqa: S104 - nothing is bound for long
    with pytest.raises(SetupError, match="its public address is not known") as caught:
        async with running_server([spec(tmp_path, "desk")], ENVIRON, options):
            pass
    assert "--public-url" in caught.value.hint


async def test_two_agents_with_one_name_are_refused(tmp_path: Path) -> None:
    one = spec(tmp_path, "one", "name: desk\ntransport: local\nprompts: Be brief.\n")
    two = spec(tmp_path, "two", "name: desk\ntransport: local\nprompts: Be brief.\n")
    with pytest.raises(SpecError) as caught:
        load([one, two])
    (problem,) = caught.value.problems
    assert (problem.path, problem.line, problem.where) == (str(two), 1, "name")
    assert str(one) in problem.message


async def test_the_problems_of_all_specs_are_told_at_once(tmp_path: Path) -> None:
    bad = [spec(tmp_path, name, "transport: twillio\nprompts: Be brief.\n") for name in ("one", "two")]
    with pytest.raises(SpecError) as caught:
        load(bad)
    assert [problem.path for problem in caught.value.problems] == [str(path) for path in bad]


async def test_a_server_without_specs_says_what_to_write() -> None:
    with pytest.raises(SetupError, match="no spec was given"):
        async with running_server([], ENVIRON, Options(port=0)):
            pass
