"""A spec that is edited in the page: who may, what is checked, and how it is written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from agentrun import plugins, spec
from agentrun.errors import SetupError
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.server.auth.local_access import LocalAccess
from agentrun.server.calls.drafts import MOST, DraftPlans
from agentrun.server.spec_editing import routes, spec_text, style_routes
from agentrun.server.spec_editing.editor import Editor
from agentrun.spec.loading.spec_file import SpecFile

TEXT = """# our desk
name: desk
transport:   local   # for now
prompts:
  system: You answer the telephone.   # short

  greeting: {say: "Hello."}
  apology: Sorry.
"""
ENVIRON = {"OPENAI_API_KEY": "test"}


@dataclass
class Bench:
    """A served spec, and a client of this machine's user."""

    path: Path
    client: httpx.AsyncClient
    board: Any
    put: list[Plan] = field(default_factory=list)

    async def ask(self, verb: str, body: object = None, agent: str = "desk", **more: Any) -> httpx.Response:
        return await self.client.request(verb, f"/console/specs/{agent}", json=body, **more)

    async def write(self, text: str, **more: Any) -> httpx.Response:
        """Write ``text`` over the file as it is now."""
        digest = (await self.ask("GET")).json()["digest"]
        return await self.ask("PUT", {"text": text, "digest": digest}, **more)

    def draft(self, name: str) -> Plan | None:
        found: Plan | None = self.board.drafts.find("desk", name)
        return found


def make(file: SpecFile) -> Plan:
    return planning.make(file, plugins.load(file), ENVIRON)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    path = tmp_path / "desk.yaml"
    path.write_text(TEXT)

    class DeskDrafts(DraftPlans):
        """What is kept without being loaded or connected."""

        def __init__(self) -> None:
            self._plans = {}

        def prepare(self, plan: Plan) -> None:
            if "nothing speaks" in plan.spec.prompts.system:
                raise SetupError("the voice can't be loaded")

    async def put(plan: Plan) -> None:
        bench.put.append(plan)
        board.plans["desk"] = plan

    board = SimpleNamespace(plans={"desk": make(spec.load(path))}, drafts=DeskDrafts())
    local = LocalAccess()
    app = FastAPI()
    editor = Editor(make, put, lambda: list(board.plans.values()))
    app.include_router(routes.router(board, local, editor))  # type: ignore[arg-type]
    app.include_router(style_routes.router(board, local, editor))  # type: ignore[arg-type]
    transport = httpx.ASGITransport(app=app)
    headers = {"authorization": f"Bearer {local.token}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost:7860", headers=headers
    ) as client:
        bench = Bench(path, client, board)
        yield bench


@pytest.mark.parametrize("verb", ["GET", "POST", "PUT"])
@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": ""},
        {"authorization": "Bearer wrong"},
        {"host": "example.com"},
        {"x-forwarded-for": "203.0.113.7"},
        {"origin": "https://example.com"},
        {"origin": "http://localhost:1"},
    ],
)
async def test_nobody_edits_without_the_secret_or_from_elsewhere(
    bench: Bench, verb: str, headers: dict[str, str]
) -> None:
    body = {"text": TEXT.replace("Hello.", "Hi."), "digest": "0" * 64}
    refused = await bench.ask(verb, body, headers=headers)
    assert refused.status_code == 403
    assert "prompts" not in refused.text
    assert bench.path.read_text() == TEXT


@pytest.mark.parametrize("agent", ["nobody", "..", "%2e%2e%2fdesk.yaml", "desk.yaml"])
async def test_only_specs_that_are_served_are_read_and_written(bench: Bench, agent: str) -> None:
    for verb in ("GET", "POST", "PUT"):
        refused = await bench.ask(verb, {"text": TEXT, "digest": "0" * 64}, agent)
        assert refused.status_code in (404, 405), verb


async def test_an_edit_is_written_as_text_and_taken_into_use(bench: Bench) -> None:
    edited = TEXT.replace("Hello.", "Hi there.")
    written = await bench.write(edited)
    assert written.status_code == 200
    assert bench.path.read_text() == edited
    (plan,) = bench.put
    assert plan.spec.prompts.greeting is not None
    assert "Hi there." in str(plan.spec.prompts.greeting)
    again = await bench.ask("PUT", {"text": TEXT, "digest": written.json()["digest"]})
    assert again.status_code == 200
    assert bench.path.read_text() == TEXT
    assert [path.name for path in bench.path.parent.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("before", ["", "\ufeff"])
async def test_line_ends_and_rights_stay_and_a_link_stays_a_link(bench: Bench, before: str) -> None:
    real = bench.path.with_name("real.yaml")
    real.write_bytes((before + TEXT.replace("\n", "\r\n")).encode())
    real.chmod(0o640)
    bench.path.unlink()
    bench.path.symlink_to(real)
    shown = (await bench.ask("GET")).json()
    assert shown["text"] == TEXT
    assert (await bench.write(TEXT.replace("Sorry.", "Pardon."))).status_code == 200
    wanted = (before + TEXT.replace("\n", "\r\n").replace("Sorry.", "Pardon.")).encode()
    assert real.read_bytes() == wanted
    assert real.stat().st_mode & 0o777 == 0o640
    assert bench.path.is_symlink()


async def test_a_file_that_was_changed_meanwhile_is_not_overwritten(bench: Bench) -> None:
    digest = (await bench.ask("GET")).json()["digest"]
    bench.path.write_text(theirs := TEXT + "# theirs\n")
    refused = await bench.ask("PUT", {"text": TEXT.replace("Hello.", "Hi."), "digest": digest})
    assert refused.status_code == 409
    assert "changed meanwhile" in refused.json()["detail"]
    assert bench.path.read_text() == theirs
    assert not bench.put


async def test_of_two_who_write_at_once_one_does(bench: Bench) -> None:
    digest = (await bench.ask("GET")).json()["digest"]
    edits = [TEXT.replace("Hello.", words) for words in ("One.", "Two.")]
    answers = await asyncio.gather(*(bench.ask("PUT", {"text": text, "digest": digest}) for text in edits))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert bench.path.read_text() == edits[0 if answers[0].status_code == 200 else 1]


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("transport:   local", "transport:   lokal", 3, "lokal"),
        ("apology: Sorry.", "apologie: Sorry.", 8, "apologie"),
        ("name: desk", "name: desk\nname: desk", 3, ""),
        ("name: desk", "name: other", 2, "in use under its name"),
        ("transport:   local", "transport:   twilio", 3, "way in"),
        ("You answer", "{{ nothing }} answers", 5, "nothing"),
    ],
)
async def test_what_is_wrong_is_told_with_its_line_and_never_served_or_written(
    bench: Bench, old: str, new: str, line: int, message: str
) -> None:
    text = TEXT.replace(old, new)
    checked = (await bench.ask("POST", {"text": text})).json()
    errors = [problem for problem in checked["problems"] if problem["severity"] == "error"]
    assert any(message in f"{one['where']} {one['message']}" and one["line"] == line for one in errors), (
        errors
    )
    assert all(one["path"] == str(bench.path) for one in errors)
    assert checked["draft"] is None
    refused = await bench.write(text)
    assert refused.status_code == 422
    assert refused.json()["problems"] == checked["problems"]
    assert bench.path.read_text() == TEXT
    assert not bench.put


async def test_a_spec_that_no_call_can_be_held_with_is_not_written(bench: Bench) -> None:
    text = TEXT.replace("You answer", "With this nothing speaks, and you answer")
    for answer in (await bench.ask("POST", {"text": text}), await bench.write(text)):
        assert (answer.status_code, answer.json()["detail"]) == (422, "the voice can't be loaded")
    assert bench.path.read_text() == TEXT
    assert not bench.put


async def test_a_draft_is_there_for_the_page_and_nothing_is_written(bench: Bench) -> None:
    text = TEXT.replace("Hello.", "Hi.")
    tried = (await bench.ask("POST", {"text": text, "style": "realtime"})).json()
    draft = bench.draft(tried["draft"])
    assert draft is not None
    assert (draft.spec.pipeline.style, str(bench.board.plans["desk"].spec.pipeline.style)) == (
        "realtime",
        "cascaded",
    )
    (diff,) = tried["diff"]
    assert diff["name"] == "desk.yaml"
    assert [line for line in diff["lines"] if line[0] in "+-"] == [
        '-  greeting: {say: "Hello."}',
        '+  greeting: {say: "Hi."}',
    ]
    assert bench.path.read_text() == TEXT
    assert bench.board.drafts.find("other", tried["draft"]) is None
    for _ in range(MOST):
        await bench.ask("POST", {"text": TEXT})
    assert bench.draft(tried["draft"]) is None


async def switch(bench: Bench, style: str, agent: str = "desk", **headers: str) -> httpx.Response:
    """Ask for an agent in another style, without the token."""
    given = {"authorization": "", **headers}
    return await bench.client.post(f"/console/styles/{agent}", json={"style": style}, headers=given)


async def test_another_style_needs_no_secret_and_writes_nothing(bench: Bench) -> None:
    answer = await switch(bench, "realtime")
    draft = bench.draft(answer.json()["draft"])
    assert draft is not None
    assert draft.spec.pipeline.style == "realtime"
    assert (bench.path.read_text(), bench.put) == (TEXT, [])
    assert (await switch(bench, "realtime", origin="https://example.com")).status_code == 403
    assert (await switch(bench, "realtime", host="example.com")).status_code == 403
    assert (await switch(bench, "shouted")).status_code == 422
    assert (await switch(bench, "realtime", "nobody")).status_code == 404


async def test_what_is_in_the_way_of_another_style_is_told_with_its_line(bench: Bench) -> None:
    bench.path.write_text(TEXT + "turns: {detection: smart}\npipeline: {realtime: nobody/nothing}\n")
    answer = (await switch(bench, "realtime")).json()
    assert answer["draft"] is None
    assert {problem["line"] for problem in answer["problems"]} >= {10}
    bench.path.write_text(TEXT.replace("You answer", "With this nothing speaks, and you answer"))
    refused = await switch(bench, "realtime")
    assert (refused.status_code, refused.json()["detail"]) == (422, "the voice can't be loaded")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": 1},
        {"text": "x" * (spec_text.MOST_BYTES + 1)},
        {"text": TEXT, "style": "shouted"},
        {"text": TEXT, "digest": "../../etc/passwd"},
        {"text": TEXT + "é" * 30_000, "digest": "0" * 64},
    ],
)
async def test_a_body_that_is_none_is_refused(bench: Bench, body: dict[str, Any]) -> None:
    assert (await bench.ask("PUT", body)).status_code in (409, 422)
    assert bench.path.read_text() == TEXT


async def test_text_that_no_file_can_hold_is_refused(bench: Bench) -> None:
    headers = {"content-type": "application/json"}
    for text in ("\\ud800", "a\\u0000b"):
        raw = f'{{"text": "{text}"}}'.encode()
        answer = await bench.client.post("/console/specs/desk", content=raw, headers=headers)
        assert answer.status_code in (200, 422)
        assert answer.json().get("draft") is None


async def test_a_file_that_is_too_large_or_gone_says_so(bench: Bench) -> None:
    bench.path.write_text(TEXT + "#" * spec_text.MOST_BYTES)
    refused = await bench.ask("GET")
    assert (refused.status_code, "larger than 48 KiB" in refused.json()["detail"]) == (409, True)
    bench.path.unlink()
    assert (await bench.ask("GET")).status_code == 409
    assert (await bench.ask("POST", {"text": TEXT})).status_code == 409


async def test_a_file_that_holds_a_key_is_not_shown(bench: Bench) -> None:
    key = "sk-proj-" + "aB3dE6gH9jK2" * 4
    bench.path.write_text(f"{TEXT}# {key}\nvars: {{token: {key}}}\n")
    refused = await bench.ask("GET")
    assert refused.status_code == 409
    assert key not in refused.text
