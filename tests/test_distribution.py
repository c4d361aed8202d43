"""The distribution has a name of its own, and every hint gives the command that works for this copy."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from agentrun import distribution
from agentrun.distribution import Installation, Kind

ROOT = Path(__file__).parents[1]
KINDS = {".py", ".md", ".yaml", ".yml", ".toml", ".txt", ".json", ".html", ".mako", ".lock", ".sh", ""}
LEFT_OUT = {"CHANGELOG.md", "requirements.lock", "node_modules"}
COMMAND = re.compile(r"(?:pip|uv pip|pipx|uv tool) install (?!-r requirements\.txt)")
STRANGER = re.compile(
    r"""(?<![\w/.-])agentrun(?:\[[\w,]+\]|[=~<>]=)|(?:install|inject) ["']?agentrun(?![\w-])"""
)


def texts(*folders: str) -> dict[str, str]:
    """What stands in the files of the project, by path."""
    inside = [path for folder in folders for path in sorted((ROOT / folder).rglob("*"))]
    paths = [path for path in (*inside, *ROOT.iterdir()) if path.is_file() and path.suffix in KINDS]
    names = {path.relative_to(ROOT).as_posix(): path for path in paths}
    chosen = {name: path for name, path in names.items() if not LEFT_OUT & set(Path(name).parts)}
    return {name: path.read_text(encoding="utf-8", errors="replace") for name, path in chosen.items()}


def source(root: Path) -> Path:
    """A source tree of this project, as far as it is looked at."""
    root.mkdir()
    (root / "pyproject.toml").write_text('[project]\nname = "agentrun-voice"\n')
    return root


def linked(site: Path, target: Path, *, editable: bool = True) -> None:
    """What pip and uv leave in ``site`` for an installation from ``target``."""
    info = site / "agentrun_voice-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: agentrun-voice\nVersion: 0.1.0\n")
    origin = {"url": target.as_uri(), "dir_info": {"editable": True} if editable else {}}
    (info / "direct_url.json").write_text(json.dumps(origin))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which distributions are looked for."""
    found = tmp_path / "site-packages"
    found.mkdir()
    monkeypatch.setattr(sys, "path", [str(found)])
    return found


def test_a_copy_in_site_packages_is_a_wheel(site: Path) -> None:
    linked(site, site.parent / "download", editable=False)
    assert distribution.installation.__wrapped__(site) == Installation(Kind.WHEEL, site)


def test_a_source_tree_that_is_linked_is_editable_and_one_that_is_not_is_a_checkout(site: Path) -> None:
    ours, other = source(site.parent / "our tree"), source(site.parent / "other")
    linked(site, ours)
    assert distribution.installation.__wrapped__(ours) == Installation(Kind.EDITABLE, ours)
    assert distribution.installation.__wrapped__(other) == Installation(Kind.CHECKOUT, other)


def test_a_source_tree_whose_files_were_copied_is_a_checkout(site: Path) -> None:
    ours = source(site.parent / "ours")
    linked(site, ours, editable=False)
    assert distribution.installation.__wrapped__(ours).kind is Kind.CHECKOUT


def test_another_project_s_folder_with_the_package_in_it_is_no_source_tree(site: Path) -> None:
    (site / "pyproject.toml").write_text('[project]\nname = "shop"\n')
    assert distribution.installation.__wrapped__(site).kind is Kind.WHEEL


@pytest.mark.parametrize("kind", [Kind.EDITABLE, Kind.CHECKOUT])
def test_a_source_tree_is_named_by_its_path(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = Installation(kind, tmp_path / "our tree")
    assert installed.requirement("mcp") == f"-e '{tmp_path}/our tree[mcp]'"
    installed.folder.mkdir()
    monkeypatch.chdir(installed.folder)
    assert installed.requirement("mcp", "pdf") == "-e '.[mcp,pdf]'"


def environment(monkeypatch: pytest.MonkeyPatch, *, has_pip: bool, on_path: str | None) -> None:
    monkeypatch.setattr(sys, "executable", "/srv/venv/bin/python")
    monkeypatch.setattr(distribution, "find_spec", lambda _name: object() if has_pip else None)
    monkeypatch.setattr(shutil, "which", lambda _name: on_path)


@pytest.mark.parametrize(
    ("has_pip", "on_path", "command"),
    [
        (True, "/srv/venv/bin/pip", "pip install s3fs"),
        (True, "/usr/bin/pip", "/srv/venv/bin/python -m pip install s3fs"),
        (True, None, "/srv/venv/bin/python -m pip install s3fs"),
        (False, "/usr/bin/pip", "uv pip install --python /srv/venv/bin/python s3fs"),
    ],
)
def test_the_command_installs_into_the_environment_that_runs(
    has_pip: bool, on_path: str | None, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment(monkeypatch, has_pip=has_pip, on_path=on_path)
    assert distribution.install("s3fs") == command


def test_an_interpreter_below_the_current_folder_is_named_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environment(monkeypatch, has_pip=True, on_path=None)
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv" / "bin" / "python"))
    assert distribution.installer() == ".venv/bin/python -m pip install"


def test_what_a_shell_would_read_otherwise_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, has_pip=True, on_path="/srv/venv/bin/pip")
    assert distribution.install("pipecat-ai[mcp]==1.14.0") == "pip install 'pipecat-ai[mcp]==1.14.0'"


def test_the_name_is_that_of_the_project_and_every_extra_is_one_of_it() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == distribution.NAME
    code = "\n".join(text for name, text in texts("agentrun").items() if name.endswith(".py"))
    asked = set(re.findall(r"install_extra\(\"([\w-]+)\"\)", code))
    assert asked
    assert asked <= set(project["optional-dependencies"])
    shown = re.findall(r"agentrun-voice\[([\w,-]+)\]", "\n".join(texts("docs", "agentrun").values()))
    assert {extra for extras in shown for extra in extras.split(",")} <= set(project["optional-dependencies"])


def test_only_one_module_writes_commands_that_install() -> None:
    code = {name: text for name, text in texts("agentrun").items() if name.endswith(".py")}
    # what an image installs is told to pip in its Dockerfile
    images = {name for name in code if name.startswith("agentrun/deploy/image/")}
    others = {name for name, text in code.items() if COMMAND.search(text)} - images
    assert others == {"agentrun/distribution.py"}


def test_nothing_of_the_project_installs_a_stranger_s_distribution() -> None:
    everything = texts("agentrun", "agents", "benchmarks", "docs", "plugins", "tests", ".ci")
    found = {name: found for name, text in everything.items() if (found := STRANGER.findall(text))}
    assert found == {}
