"""``agentrun new``, ``tools`` and ``plugins``: what is written works, and is looked at."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agentrun import __version__, distribution
from tests import programs

ROOT = Path(__file__).parents[2]


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "OPENAI_API_KEY": "k", "DAILY_API_KEY": "k"}
    if command[0] == "agentrun":
        return programs.run(*command[1:], cwd=folder, env=environ, timeout=100)
    return subprocess.run(
        [sys.executable, "-m", *command],
        capture_output=True,
        text=True,
        timeout=100,
        cwd=folder,
        env=environ,
        check=False,
    )


def passes(folder: Path, *what: str) -> str:
    """Run pytest there, as its user would."""
    loop = ("-o", "asyncio_default_fixture_loop_scope=function")
    done = run(folder, "pytest", "-q", "-p", "no:cacheprovider", *loop, *what)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_new_project_checks_clean_and_passes_its_tests(tmp_path: Path) -> None:
    assert run(tmp_path, "agentrun", "new", "project", "shop").returncode == 0
    shop = tmp_path / "shop"
    done = run(shop, "agentrun", "check", "--strict")
    assert (done.returncode, done.stdout) == (0, "")
    assert "10 passed" in passes(shop)


def test_a_new_project_s_next_steps_are_commands_that_work_in_it(tmp_path: Path) -> None:
    printed = run(tmp_path, "agentrun", "new", "project", "my shop").stdout
    steps = [line[7:] for line in printed.splitlines() if line[:7] in ("Next:  ", " " * 7)]
    commands = [step.rpartition("agentrun ")[2] for step in steps[1:]]
    assert steps[0] == "cd 'my shop'"
    assert commands[:3] == ["check", "test", "serve --offline"]
    assert commands[3].startswith("call http://127.0.0.1:7860/front-desk/twilio/voice --say ")
    for command in commands[:2]:
        assert run(tmp_path / "my shop", "agentrun", command).returncode == 0


def test_a_new_project_s_own_tests_call_its_own_tool(tmp_path: Path) -> None:
    run(tmp_path, "agentrun", "new", "project", "shop")
    plugin = tmp_path / "shop" / "plugins" / "orders.py"
    plugin.write_text(plugin.read_text().replace("is on its way", "is lost"))
    done = run(tmp_path / "shop", "agentrun", "test")
    assert done.returncode == 1
    assert "order" in done.stdout
    assert "is lost" in done.stdout


def test_a_new_project_names_the_right_distribution_and_no_path_of_this_machine(tmp_path: Path) -> None:
    run(tmp_path, "agentrun", "new", "project", "shop")
    texts = {path: path.read_text() for path in (tmp_path / "shop").rglob("*") if path.is_file()}
    assert all(str(tmp_path) not in text and str(ROOT) not in text for text in texts.values())
    wanted = (tmp_path / "shop" / "requirements.txt").read_text().splitlines()
    assert wanted == [f"{distribution.NAME}[browser,offline]~={__version__}", "pytest>=8.3"]


@pytest.mark.parametrize("command", ["check", "test", "serve", "doctor"])
def test_a_command_without_a_path_needs_a_folder_of_agents(command: str, tmp_path: Path) -> None:
    done = run(tmp_path, "agentrun", command)
    assert done.returncode == 2
    assert "there is no folder agents/ here to take" in done.stderr


@pytest.mark.parametrize("what", ["file", "dangling", "folder"])
def test_a_new_project_is_written_over_nothing(what: str, tmp_path: Path) -> None:
    there = tmp_path / "shop" / "README.md"
    there.parent.mkdir()
    if what == "file":
        there.write_text("mine")
    elif what == "dangling":
        there.symlink_to(tmp_path / "elsewhere")
    else:
        there.mkdir()
    done = run(tmp_path, "agentrun", "new", "project", "shop")
    assert done.returncode == 1
    assert "shop/README.md is there already" in done.stderr
    assert list((tmp_path / "shop").iterdir()) == [there]
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_where_a_folder_would_be_is_told_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "plugins").write_text("mine")
    done = run(tmp_path, "agentrun", "new", "project", ".")
    assert (done.returncode, "'plugins' is not a folder that can be written to" in done.stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["plugins"]


def test_a_new_plugin_passes_its_test(tmp_path: Path) -> None:
    done = run(tmp_path, "agentrun", "new", "plugin", "my_shop")
    assert done.stdout.splitlines()[:2] == ["wrote plugins/my_shop.py", "wrote plugins/test_my_shop.py"]
    assert "3 passed" in passes(tmp_path, "plugins")


@pytest.mark.parametrize("style", ["cascaded", "realtime"])
@pytest.mark.parametrize("transport", ["local", "twilio", "daily"])
def test_a_new_agent_checks_clean_and_passes_its_tests(tmp_path: Path, style: str, transport: str) -> None:
    options = ("--style", style, "--transport", transport)
    assert run(tmp_path, "agentrun", "new", "agent", "front-desk", *options).returncode == 0
    path = "agents/front-desk.yaml"
    assert run(tmp_path, "agentrun", "check", path).stdout == ""
    done = run(tmp_path, "agentrun", "test", path)
    assert done.returncode == 0, done.stdout


def test_nothing_is_written_over_or_half_written(tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "test_shop.py").write_text("mine")
    done = run(tmp_path, "agentrun", "new", "plugin", "shop")
    assert done.returncode == 1
    assert "plugins/test_shop.py is there already" in done.stderr
    assert not (tmp_path / "plugins" / "shop.py").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("plugin", "My-Shop"), "'My-Shop' is not lower-case letters, digits and"),
        (("agent", "Front Desk"), "'Front Desk' is not lower-case letters, digits and hyphens"),
        (("plugin", "../shop"), "'../shop' is not"),
        (("plugin", "test_drive"), "'test_drive' is ignored, as pytest's files are"),
        (("plugin", "tests"), "'tests' is ignored"),
        (("plugin", "conftest"), "'conftest' is ignored"),
        (("plugin", "transfer"), "'transfer' is a built-in tool: name it for example my_transfer"),
        (("plugin", "class"), "'class' is a name of Python's"),
        (("plugin", "json"), "'json' is a name of Python's"),
        (("plugin", "httpx"), "or of an installed package: name it for example my_httpx"),
        (("plugin", "x" * 64), "has more than 63 characters"),
    ],
)
def test_a_name_that_can_not_be_one_is_refused(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = run(tmp_path, "agentrun", "new", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    run(tmp_path, "agentrun", "new", "project", "shop")
    return tmp_path / "shop"


def test_the_tools_of_a_spec_are_listed_as_the_model_gets_them(shop: Path) -> None:
    told = run(shop, "agentrun", "tools", "list", "agents/front-desk.yaml").stdout
    shown = "look_up_order(number: integer)\n  Say where an order is.\n  plugins/orders.py:11, timeout 10 s"
    assert shown in told
    lines = run(shop, "agentrun", "tools", "list", "agents/front-desk.yaml", "--json").stdout.splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["hang_up", "look_up_order"]


@pytest.mark.parametrize(
    ("arguments", "code", "out"),
    [
        (("look_up_order", '{"number": 3}', "--from", "+15551234567"), 0, "Order 3 is on its way."),
        (("look_up_order", '{"number": 0}'), 4, "There is no such order. Ask for the number again."),
        (("look_up_order",), 4, "Argument 'number' is missing"),
        (("hang_up", '{"goodbye": "Bye."}'), 5, "hang_up failed"),
    ],
)
def test_a_tool_is_called_without_a_call(shop: Path, arguments: tuple[str, ...], code: int, out: str) -> None:
    done = run(shop, "agentrun", "tools", "call", "agents/front-desk.yaml", *arguments)
    assert (done.returncode, done.stdout.startswith(out)) == (code, True), done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("lookup_order",), 1, "did you mean 'look_up_order'?"),
        (("look_up_order", "three"), 2, "this is not JSON"),
        (("look_up_order", "[3]"), 2, "this is not a mapping"),
    ],
)
def test_a_tool_that_can_not_be_called_is_told(
    shop: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    done = run(shop, "agentrun", "tools", "call", "agents/front-desk.yaml", *arguments)
    assert (done.returncode, message in done.stderr) == (code, True), done.stderr


def test_plugins_are_listed_with_their_tools_and_the_broken_one_is_told(shop: Path) -> None:
    done = run(shop, "agentrun", "plugins", "list")
    assert (done.returncode, done.stdout) == (0, "orders  plugins/orders.py\n  look_up_order\n")
    (shop / "plugins" / "broken.py").write_text("import nothing_of_this_name\n")
    done = run(shop, "agentrun", "plugins", "list")
    assert done.returncode == 1
    assert "nothing_of_this_name" in done.stdout
    assert "look_up_order" in done.stdout
