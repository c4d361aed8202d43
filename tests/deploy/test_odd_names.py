"""Projects whose folders have names that shells, Dockerfiles or units would take apart."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from agentrun import plugins, spec
from agentrun.deploy.bot import files as bot
from agentrun.deploy.deployment import Deployment
from agentrun.deploy.image import files as image
from agentrun.deploy.pipecat_cloud import files as pipecat_cloud
from agentrun.deploy.project import collect
from agentrun.errors import SetupError
from agentrun.plan import plan as planning
from tests.deploy.test_image import lint

ODD = 'it\'s $HOME ${x} "ü" 100%'
Files = Callable[[Deployment], dict[str, bytes]]


def project_in(root: Path, folder: str) -> Deployment:
    """A desk whose spec is in ``folder`` of a project, another file beside it at the top."""
    (root / "plugins").mkdir(parents=True)
    (root / folder).mkdir()
    path = root / folder / "desk.yaml"
    path.write_text("transport: twilio\nprompts: Be brief.\n")
    file = spec.load(path)
    plan = planning.make(file, plugins.load(file), {})
    return Deployment((plan,), collect([plan]))


@pytest.mark.parametrize("files", [image.files, pipecat_cloud.files], ids=["image", "pipecat-cloud"])
def test_a_folder_is_copied_by_its_own_name(tmp_path: Path, files: Files) -> None:
    """Engines read a word of COPY as a shell does, also where it stands in JSON."""
    text = files(project_in(tmp_path / "project", ODD))["Dockerfile"]
    [line] = [line for line in text.decode().splitlines() if "it" in line and line.startswith("COPY [")]
    words = json.loads(line.removeprefix("COPY "))
    assert re.sub(r"\\(.)", r"\1", words[0]) == ODD
    assert re.sub(r"\\(.)", r"\1", words[1]).endswith(f"/{ODD}/")
    assert not re.search(r"""(?<!\\)[$'"]""", "".join(words)), "nothing is left for the engine to fill in"
    if files is image.files:
        assert lint(text) == ""


@pytest.mark.parametrize("folder", [ODD, "back\\Nslash", '"""'])
def test_a_plain_bot_is_python_whatever_its_spec_was_called(tmp_path: Path, folder: str) -> None:
    text = bot.files(project_in(tmp_path / "project", folder))["bot.py"].decode()
    assert f"Written from {folder}/desk.yaml." in (ast.get_docstring(ast.parse(text)) or "")


@pytest.mark.parametrize("folder", ["a[1]", "what?", "*", "back\\slash"])
def test_a_folder_that_would_be_a_pattern_is_refused(tmp_path: Path, folder: str) -> None:
    with pytest.raises(SetupError, match="rename it in the project") as refused:
        image.files(project_in(tmp_path / "project", folder))
    assert f"'{folder}'" in str(refused.value)
