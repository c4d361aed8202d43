"""``/console/styles/<agent>``: switches the pipeline style for the page's next call."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel

from agentrun.errors import SetupError
from agentrun.server.auth.local_access import LocalAccess
from agentrun.server.auth.local_only import require
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.spec_editing.editor import Editor


class Style(BaseModel):
    """The style that an agent is wanted in."""

    style: Literal["cascaded", "realtime"]


def router(switchboard: Switchboard, local: LocalAccess, editor: Editor) -> APIRouter:
    """A route for whoever may have the page: no text of a file is shown or changed by it."""
    routes = APIRouter(dependencies=[Depends(require(local))])

    @routes.post("/console/styles/{agent}")
    async def choose(agent: str, wanted: Style) -> dict[str, Any]:
        """The agent as its files are, in the style that is ``wanted``: a draft, or what is in its way."""
        plan = switchboard.plans.get(agent)
        if plan is None:
            raise HTTPException(404, f"there is no agent '{agent}' here")
        edited = await editor.check(plan, {}, wanted.style)
        errors = [asdict(problem) for problem in edited.problems if problem.severity == "error"]
        if edited.plan is None:
            return {"draft": None, "problems": errors}
        try:
            return {"draft": switchboard.drafts.keep(edited.plan), "problems": []}
        except SetupError as error:
            raise HTTPException(422, str(error)) from None

    return routes
