"""The files that a spec is made of, edited in the page beside it: prompts, includes, and what it extends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from agentrun import spec
from agentrun.server.app.request_limits import RequestLimits
from agentrun.server.spec_editing import editable_files
from tests.server.spec_editing.test_routes import Bench, make
from tests.server.spec_editing.test_routes import bench as bench

TEXT = """# our desk
name: desk
extends: base.yaml
transport:   local   # for now
prompts:
  system: {file: prompts/desk.md}   # in a file of its own
  apology: !include sorry.txt
"""
BASE = "prompts:\n  greeting: {say: Hello.}   # kept\n"
PROMPT = "# Desk\n\nYou answer the telephone.\n"
OTHERS = ["base.yaml", "prompts/desk.md", "sorry.txt"]


@pytest.fixture
async def desk(bench: Bench) -> Bench:
    folder = bench.path.parent
    (folder / "prompts").mkdir()
    (folder / "prompts" / "desk.md").write_text(PROMPT)
    (folder / "base.yaml").write_text(BASE)
    (folder / "sorry.txt").write_text("Sorry.\n")
    bench.path.write_text(TEXT)
    bench.board.plans["desk"] = make(spec.load(bench.path))
    return bench


async def shown(desk: Bench) -> dict[str, Any]:
    """The spec as the page loads it."""
    answer = await desk.ask("GET")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def change(desk: Bench, verb: str, texts: dict[str, str], spec: str | None = None) -> httpx.Response:
    """Ask for ``texts`` in the files of those names, made of what is there now."""
    now = await shown(desk)
    digests = {file["name"]: file["digest"] for file in now["files"]}
    files = {name: {"text": text, "digest": digests[name]} for name, text in texts.items()}
    return await desk.ask(verb, {"text": spec or now["text"], "digest": now["digest"], "files": files})


def differences(answer: httpx.Response) -> dict[str, list[str]]:
    """What was taken away and added, by file."""
    marks = ("+", "-")
    return {each["name"]: [x for x in each["lines"] if x[0] in marks] for each in answer.json()["diff"]}


async def test_what_a_spec_is_made_of_is_shown_and_nothing_else(desk: Bench) -> None:
    (desk.path.parent / "notes.md").write_text("not of the spec")
    now = await shown(desk)
    assert (now["name"], [file["name"] for file in now["files"]]) == ("desk.yaml", OTHERS)
    assert now["files"][1]["text"] == PROMPT


async def test_a_prompt_in_a_file_is_tried_and_nothing_is_written(desk: Bench) -> None:
    tried = await change(desk, "POST", {"prompts/desk.md": PROMPT.replace("answer", "pick up")})
    assert differences(tried) == {
        "prompts/desk.md": ["-You answer the telephone.", "+You pick up the telephone."]
    }
    draft = desk.draft(tried.json()["draft"])
    assert draft is not None
    assert "pick up" in draft.spec.prompts.system
    assert draft.file.digest != desk.board.plans["desk"].file.digest
    assert (desk.path.parent / "prompts" / "desk.md").read_text() == PROMPT


async def test_several_files_are_written_at_once_as_text(desk: Bench) -> None:
    folder = desk.path.parent
    texts = {
        "prompts/desk.md": PROMPT.replace("answer", "pick up"),
        "base.yaml": BASE.replace("Hello.", "Hi."),
        "sorry.txt": "Pardon.\n",
    }
    spec_text = TEXT.replace("# for now", "# for ever")
    written = await change(desk, "PUT", texts, spec_text)
    assert written.status_code == 200, written.text
    assert {name: (folder / name).read_text() for name in texts} == texts
    assert desk.path.read_text() == spec_text
    (plan,) = desk.put
    assert plan.spec.prompts.system.startswith("# Desk\n\nYou pick up")
    assert "Hi." in str(plan.spec.prompts.greeting)
    assert plan.spec.prompts.apology is not None
    assert plan.file.digest == spec.load(desk.path).digest
    now = await shown(desk)
    assert {file["name"]: file["digest"] for file in written.json()["files"]} == {
        file["name"]: file["digest"] for file in now["files"]
    }


async def test_only_what_differs_is_written(desk: Bench) -> None:
    places = [desk.path, desk.path.with_name("sorry.txt")]
    before = [path.stat().st_ino for path in places]
    assert (await change(desk, "PUT", {"sorry.txt": "Pardon.\n"})).status_code == 200
    assert [path.stat().st_ino == number for path, number in zip(places, before, strict=True)] == [
        True,
        False,
    ]


@pytest.mark.parametrize("theirs", ["prompts/desk.md", "desk.yaml"])
async def test_a_file_that_was_changed_on_disk_keeps_all_from_being_written(desk: Bench, theirs: str) -> None:
    now, folder = await shown(desk), desk.path.parent
    digests = {file["name"]: file["digest"] for file in now["files"]}
    changed = (folder / theirs).read_text() + "\n# theirs\n"
    (folder / theirs).write_text(changed)
    texts = {"prompts/desk.md": "You are rude.", "sorry.txt": "Pardon."}
    files = {name: {"text": text, "digest": digests[name]} for name, text in texts.items()}
    refused = await desk.ask("PUT", {"text": TEXT, "digest": now["digest"], "files": files})
    assert refused.status_code == 409
    assert f"{folder / theirs} was changed meanwhile" in refused.json()["detail"]
    assert (folder / theirs).read_text() == changed
    assert (folder / "sorry.txt").read_text() == "Sorry.\n"
    assert not desk.put
    assert not list(folder.rglob(".*-*"))


async def test_where_one_file_can_not_be_replaced_none_is(
    desk: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def refuse(path: Path, target: Path) -> Path:
        if target.name == "sorry.txt":
            raise PermissionError(13, "Permission denied", str(target))
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", refuse)
    refused = await change(desk, "PUT", {"prompts/desk.md": "You are new.", "sorry.txt": "Pardon."})
    assert (refused.status_code, "Permission denied" in refused.text) == (500, True)
    assert (desk.path.parent / "prompts" / "desk.md").read_text() == PROMPT
    assert not desk.put


@pytest.mark.parametrize(
    ("name", "text", "line", "words"),
    [
        ("prompts/desk.md", "You answer.\n\nAs {{ nobody }}.\n", 3, "nobody"),
        ("base.yaml", "prompts:\n  greting: {say: Hello.}\n", 2, "greting"),
    ],
)
async def test_what_is_wrong_is_told_with_its_file_and_line(
    desk: Bench, name: str, text: str, line: int, words: str
) -> None:
    tried = (await change(desk, "POST", {name: text})).json()
    errors = [each for each in tried["problems"] if each["severity"] == "error"]
    assert any(
        (each["file"], each["line"]) == (name, line) and words in f"{each['where']} {each['message']}"
        for each in errors
    ), errors
    assert tried["draft"] is None
    assert (await change(desk, "PUT", {name: text})).status_code == 422
    assert not desk.put


async def test_what_breaks_another_agent_is_told_and_not_written(desk: Bench) -> None:
    other = desk.path.with_name("shop.yaml")
    other.write_text("extends: base.yaml\ntransport: local\nprompts: {system: 'You sell in {{ city }}.'}\n")
    base = desk.path.with_name("base.yaml")
    base.write_text(f"vars: {{city: Rome}}\n{BASE}")
    desk.board.plans |= {"shop": make(spec.load(other)), "desk": make(spec.load(desk.path))}
    tried = (await change(desk, "POST", {"base.yaml": BASE})).json()
    errors = [each for each in tried["problems"] if each["severity"] == "error"]
    assert [(each["path"], "agent 'shop'" in each["message"]) for each in errors] == [(str(other), True)]
    assert "'city'" in errors[0]["message"]
    assert tried["draft"] is None
    assert (await change(desk, "PUT", {"base.yaml": BASE})).status_code == 422
    assert base.read_text() != BASE


async def test_what_is_wrong_with_another_agent_already_keeps_nothing_from_being_written(desk: Bench) -> None:
    other = desk.path.with_name("shop.yaml")
    other.write_text("extends: base.yaml\ntransport: local\nprompts: {system: You sell.}\n")
    desk.board.plans["shop"] = make(spec.load(other))
    other.write_text("extends: base.yaml\ntransport: local\nprompts: {system: '{{ nobody }}'}\n")
    written = await change(desk, "PUT", {"base.yaml": f"# ours\n{BASE.replace('Hello', 'Hi')}"})
    assert written.status_code == 200, written.text


async def test_several_files_of_the_most_that_one_has_are_written(desk: Bench) -> None:
    texts = dict.fromkeys(("prompts/desk.md", "sorry.txt"), "You answer. ü\n" * 3000)
    limited = RequestLimits(desk.client._transport.app)  # type: ignore[attr-defined]
    desk.client._transport.app = limited  # type: ignore[attr-defined]
    written = await change(desk, "PUT", texts)
    assert written.status_code == 200, written.text
    assert (desk.path.parent / "sorry.txt").read_text() == texts["sorry.txt"]


@pytest.mark.parametrize("name", ["notes.md", "../secret.md", "/etc/passwd", "desk.yaml", "x" * 5000])
async def test_no_name_of_a_page_becomes_a_path(desk: Bench, name: str) -> None:
    (desk.path.parent / "notes.md").write_text("not of the spec")
    body = {"text": TEXT, "digest": "0" * 64, "files": {name: {"text": "mine", "digest": "0" * 64}}}
    for verb in ("POST", "PUT"):
        assert (await desk.ask(verb, body)).status_code == 404
    assert (desk.path.parent / "notes.md").read_text() == "not of the spec"


async def test_a_file_that_holds_a_key_or_is_too_large_is_left_out(desk: Bench) -> None:
    key = "sk-proj-" + "aB3dE6gH9jK2" * 4
    (desk.path.parent / "sorry.txt").write_text(f"Sorry, {key}.\n")
    (desk.path.parent / "prompts" / "desk.md").write_text("x" * 60_000)
    now = await shown(desk)
    assert [file["name"] for file in now["files"]] == ["base.yaml"]
    assert key not in str(now)


def test_files_outside_of_the_project_are_left_out(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "plugins").mkdir(parents=True)
    (tmp_path / "outside.md").write_text("You answer.")
    (project / "in.md").symlink_to(tmp_path / "outside.md")
    path = project / "desk.yaml"
    path.write_text("transport: local\nprompts: {system: {file: in.md}}\n")
    try:
        file = spec.load(path)
    except Exception:  # noqa: BLE001 - a link that leads out may be refused as well
        return
    assert list(editable_files.paths(file)) == ["desk.yaml"]
