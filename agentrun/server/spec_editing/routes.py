"""``/console/specs/<agent>``: the text of a served spec, for this machine's user alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Literal, TypeVar

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import JSONResponse
from loguru import logger
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import HTTPConnection

from agentrun.errors import AgentRunError, SetupError
from agentrun.plan.plan import Plan
from agentrun.server.auth.local_access import LocalAccess
from agentrun.server.auth.local_only import LocalCheck, require
from agentrun.server.browser.offer_requests import read_body
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.spec_editing.editor import EditedSpec, Editor
from agentrun.server.spec_editing.spec_text import MOST_BYTES, ChangedError, SpecText
from agentrun.spec.checks import secret_values

_CHANGED = "the file was changed meanwhile: load it again, and make the change there"
_CLOSED = (
    "editing asks for this machine's token: open the link with `token=` that `agentrun serve` printed, once"
)


T = TypeVar("T", bound=BaseModel)


class Edit(BaseModel):
    """A text that is to be in the place of a spec's, and the style to try it in."""

    text: str = Field(max_length=MOST_BYTES)
    style: Literal["cascaded", "realtime"] | None = None


class Write(BaseModel):
    """A text for the file, and the digest of the file that it was made of."""

    text: str = Field(max_length=MOST_BYTES)
    digest: str = Field(pattern="^[0-9a-f]{64}$")


def router(switchboard: Switchboard, local: LocalAccess, editor: Editor) -> APIRouter:
    """Routes that read, try and write the spec of an agent; only the agent is named, never a path."""
    routes = APIRouter(prefix="/console/specs", dependencies=[Depends(require_secret(local))])

    def plan_of(agent: str) -> Plan:
        plan = switchboard.plans.get(agent)
        if plan is None:
            raise HTTPException(404, f"there is no agent '{agent}' here")
        return plan

    @routes.get("/{agent}")
    async def read(agent: str) -> dict[str, Any]:
        plan = plan_of(agent)
        return {**_file(await _readable(editor, plan)), "path": str(plan.file.path), "style": _style(plan)}

    @routes.post("/{agent}")
    async def try_out(agent: str, request: Request) -> dict[str, Any]:
        plan, edit = plan_of(agent), await _body(request, Edit)
        await _readable(editor, plan)
        edited = await editor.check(plan, edit.text, edit.style)
        draft = None
        if edited.plan:
            try:
                draft = switchboard.drafts.keep(edited.plan)
            except SetupError as error:
                raise HTTPException(422, str(error)) from None
        return {**_checked(edited), "draft": draft, "diff": list(edited.difference)}

    @routes.put("/{agent}", response_model=None)
    async def write(agent: str, request: Request) -> dict[str, Any] | JSONResponse:
        plan, edit = plan_of(agent), await _body(request, Write)
        try:
            edited, written = await editor.write(plan, edit.text, edit.digest, switchboard.drafts.keep)
        except ChangedError:
            raise HTTPException(409, _CHANGED) from None
        except OSError as error:
            raise HTTPException(500, f"{plan.file.path} can't be written: {error.strerror}") from None
        except AgentRunError as error:
            raise HTTPException(422, str(error)) from None
        if written is None:
            return JSONResponse({"detail": "the spec has errors", **_checked(edited)}, 422)
        logger.warning("{} was edited in the page; its next call has the new version", agent)
        return {**_file(written), **_checked(edited)}

    return routes


def require_secret(local: LocalAccess) -> LocalCheck:
    """A check for FastAPI's routes: an address of this machine proves nothing here, only the token does."""
    require_local = require(local)

    def check(request: HTTPConnection) -> None:
        require_local(request)
        if not local.is_shown(request):
            raise HTTPException(403, _CLOSED)

    return check


async def _body(request: Request, model: type[T]) -> T:
    try:
        return model.model_validate(await read_body(request))
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


def _style(plan: Plan) -> str:
    return str(plan.spec.pipeline.style)


def _file(file: SpecText) -> Mapping[str, Any]:
    return {"text": file.text, "digest": file.digest}


def _checked(edited: EditedSpec) -> Mapping[str, Any]:
    return {"problems": [asdict(problem) for problem in edited.problems]}
