"""``/console/specs/<agent>``: the text of a served spec, for this machine's user alone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, TypeVar

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import JSONResponse
from loguru import logger
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import HTTPConnection

from agentrun.errors import AgentRunError
from agentrun.plan.plan import Plan
from agentrun.server.auth.local_access import LocalAccess
from agentrun.server.auth.local_only import LocalCheck, require
from agentrun.server.browser.offer_requests import read_body
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.spec_editing import editable_files
from agentrun.server.spec_editing.editable_files import MOST_EDIT_BYTES, MOST_FILES
from agentrun.server.spec_editing.editor import EditedSpec, Editor
from agentrun.server.spec_editing.spec_text import MOST_BYTES, ChangedError, SpecText
from agentrun.spec.checks import secret_values

_CHANGED = "the file {} was changed meanwhile: load it again, and make the change there"
_CLOSED = (
    "editing asks for this machine's token: open the link with `token=` that `agentrun serve` printed, once"
)


T = TypeVar("T", bound=BaseModel)
V = TypeVar("V")


class FileText(BaseModel):
    """A text for a file."""

    text: str = Field(max_length=MOST_BYTES)


class FileChange(FileText):
    """A text for a file, and the digest of the file that it was made of."""

    digest: str = Field(pattern="^[0-9a-f]{64}$")


class Edit(FileText):
    """A text that is to be in the place of a spec's, those of its other files, and the style to try it in."""

    files: dict[str, FileText] = Field(default_factory=dict, max_length=MOST_FILES)
    style: Literal["cascaded", "realtime"] | None = None


class Write(FileChange):
    """What is to be in the spec's file, and in others of its files."""

    files: dict[str, FileChange] = Field(default_factory=dict, max_length=MOST_FILES)


def router(switchboard: Switchboard, local: LocalAccess, editor: Editor) -> APIRouter:
    """Routes that read, try and write the spec of an agent; only the agent is named, never a path."""
    routes = APIRouter(prefix=editable_files.ROUTES, dependencies=[Depends(require_secret(local))])

    def plan_of(agent: str) -> Plan:
        plan = switchboard.plans.get(agent)
        if plan is None:
            raise HTTPException(404, f"there is no agent '{agent}' here")
        return plan

    @routes.get("/{agent}")
    async def read(agent: str) -> dict[str, Any]:
        plan = plan_of(agent)
        file = await _readable(editor, plan)
        others = await asyncio.to_thread(editable_files.read_others, plan.file)
        files = [{"name": name, **_file(text)} for name, text in others.items()]
        path = plan.file.path
        return {**_file(file), "name": path.name, "path": str(path), "files": files}

    @routes.post("/{agent}")
    async def try_out(agent: str, request: Request) -> dict[str, Any]:
        plan, edit = plan_of(agent), await _body(request, Edit)
        await _readable(editor, plan)
        edited = await editor.check(plan, _named(plan, edit, lambda file: file.text), edit.style)
        with _refusals(plan):
            draft = switchboard.drafts.keep(edited.plan) if edited.plan else None
        diff = [{"name": name, "lines": lines} for name, lines in edited.difference.items()]
        return {**_checked(plan, edited), "draft": draft, "diff": diff}

    @routes.put("/{agent}", response_model=None)
    async def write(agent: str, request: Request) -> dict[str, Any] | JSONResponse:
        plan, edit = plan_of(agent), await _body(request, Write)
        changes = _named(plan, edit, lambda file: (file.text, file.digest))
        with _refusals(plan):
            edited, written = await editor.write(plan, changes, switchboard.drafts.keep)
        if not written:
            return JSONResponse({"detail": "the spec has errors", **_checked(plan, edited)}, 422)
        logger.warning("{} was edited in the page; its next call has the new version", agent)
        main, *others = [{"name": name, **_file(text)} for name, text in written.items()]
        return {**main, "files": others, **_checked(plan, edited)}

    return routes


def require_secret(local: LocalAccess) -> LocalCheck:
    """A check for FastAPI's routes: an address of this machine proves nothing here, only the token does."""
    require_local = require(local)

    def check(request: HTTPConnection) -> None:
        require_local(request)
        if not local.is_shown(request):
            raise HTTPException(403, _CLOSED)

    return check


@contextlib.contextmanager
def _refusals(plan: Plan) -> Iterator[None]:
    """What is wrong with an edit of ``plan``, or with its files, as an answer that says so."""
    try:
        yield
    except ChangedError as error:
        raise HTTPException(409, _CHANGED.format(error)) from None
    except OSError as error:
        raise HTTPException(500, f"{error.filename or plan.file.path}: {error.strerror}") from None
    except AgentRunError as error:
        raise HTTPException(422, str(error)) from None


async def _body(request: Request, model: type[T]) -> T:
    try:
        return model.model_validate(await read_body(request, most=MOST_EDIT_BYTES))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise HTTPException(422, f"{first['loc'][0]}: {first['msg']}") from None


async def _readable(editor: Editor, plan: Plan) -> SpecText:
    """The file, which holds no key: those stay out of the page."""
    try:
        file = await editor.read(plan)
    except AgentRunError as error:
        raise HTTPException(409, str(error)) from None
    _, leaks = secret_values.mask(file.text, str(plan.file.path))
    if leaks:
        raise HTTPException(409, str(leaks[0]))
    return file


def _file(file: SpecText) -> Mapping[str, Any]:
    return {"text": file.text, "digest": file.digest}


def _checked(plan: Plan, edited: EditedSpec) -> Mapping[str, Any]:
    """The problems, each with the name of the ``file`` that it stands in, where that can be edited."""
    names = {path.resolve(): name for name, path in editable_files.paths(plan.file).items()}
    files = [names.get(Path(problem.path).resolve(), "") for problem in edited.problems]
    problems = zip(edited.problems, files, strict=True)
    return {"problems": [{**asdict(problem), "file": file} for problem, file in problems]}


def _named(plan: Plan, edit: Any, part: Callable[[Any], V]) -> dict[str, V]:
    """The ``part`` of the spec and of each other file, by name; HTTPException 404 for a file of others."""
    places = editable_files.paths(plan.file)
    for name in edit.files:
        if name not in places or name == plan.file.path.name:
            raise HTTPException(404, f"there is no file '{name[:100]}' of this agent")
    return {plan.file.path.name: part(edit), **{name: part(file) for name, file in edit.files.items()}}
