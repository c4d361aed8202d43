"""Looks up a caller before the agent speaks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from agentrun.call import Call
from agentrun.errors import ToolError
from agentrun.plan.before_call import BeforeCallPlan, chosen
from agentrun.plan.plan import Plan
from agentrun.plugins import call_hooks
from agentrun.plugins.call_hooks import CallHooks
from agentrun.spec.loading.close_match import closest
from agentrun.spec.models.before_call import CallChoice
from agentrun.spec.values import conditions, variables
from agentrun.tools.author_errors import AuthoredError
from agentrun.tools.results import saved_values
from agentrun.tools.running.invoke import invoke


@dataclass(frozen=True)
class LookedUp:
    """What was found in time: values by variable, a plugin's words of refusal, and errors."""

    values: Mapping[str, Any] = field(default_factory=dict)
    refusal: str = ""
    troubles: tuple[str, ...] = ()


class BeforeCall:
    """Looks up a caller while the line is being opened; the greeting waits for it.

    The request and the plugins are asked at the same time; a plugin's values go over those of the request.
    """

    def __init__(self, plan: Plan, call: Call, web: httpx.AsyncClient) -> None:
        self._plan, self._call = plan, replace(call, client=call.client or web)
        self._hooks = [(each, hook) for each in plan.hooks for hook in each.before]
        self._asked: asyncio.Task[list[LookedUp]] | None = None

    @property
    def wanted(self) -> bool:
        """Whether there is anything to look up."""
        return bool(self._plan.before_call.tool or self._hooks)

    def begin(self) -> None:
        """Start the look-up; returns at once."""
        if self.wanted:
            self._asked = asyncio.create_task(self._ask(), name="before_call")

    async def found(self) -> LookedUp:
        """What was found in time, including what a plugin has put into the call's state."""
        if self._asked is None:
            return LookedUp()
        await asyncio.wait({self._asked})
        if self._asked.cancelled():
            return LookedUp()
        every = self._asked.result()
        return LookedUp(
            {
                name: value
                for one in (self._call.state, *(each.values for each in every))
                for name, value in one.items()
            },
            next((one.refusal for one in every if one.refusal), ""),
            tuple(trouble for one in every for trouble in one.troubles),
        )

    def close(self) -> None:
        """The call is over."""
        if self._asked:
            self._asked.cancel()

    async def _ask(self) -> list[LookedUp]:
        plan: BeforeCallPlan = self._plan.before_call
        lookups = [self._hook(hooks, hook, plan.seconds) for hooks, hook in self._hooks]
        return list(await asyncio.gather(self._request(plan), *lookups))

    async def _request(self, plan: BeforeCallPlan) -> LookedUp:
        if plan.tool is None:
            return LookedUp()
        outcome = await invoke(plan.tool, self._call, {})
        if outcome.status == "timeout":
            return LookedUp(troubles=(f"before_call_late: no answer within {plan.seconds:g} s",))
        if outcome.status != "ok":
            return LookedUp(troubles=(f"before_call_failed: {outcome.text}",))
        values, troubles = saved_values.read(plan.tool.save, outcome.data)
        return LookedUp(values, troubles=tuple(f"not_saved: before_call: {one}" for one in troubles))

    async def _hook(self, hooks: CallHooks, hook: call_hooks.Hook, seconds: float) -> LookedUp:
        plugin = hooks.plugin
        try:
            answer = await call_hooks.run(hook, {"call": self._call}, seconds, hooks.home)
        except TimeoutError:
            return LookedUp(
                troubles=(f"before_call_late: plugin {plugin} gave nothing within {seconds:g} s",)
            )
        except AuthoredError as error:
            if isinstance(error.error, ToolError):
                return LookedUp(refusal=str(error.error))
            return LookedUp(troubles=(f"before_call_failed: plugin {plugin}: {type(error.error).__name__}",))
        return self._checked(plugin, answer)

    def _checked(self, plugin: str, given: Any) -> LookedUp:
        """Those of a plugin's values that are variables of the spec.

        A plugin serves several agents, and not each has all of its variables: a name that no variable of
        this one has is left, and an error only where one that was not given is spelt almost so.
        """
        if given is None:
            return LookedUp()
        if not isinstance(given, Mapping):
            kind = type(given).__name__
            return LookedUp(troubles=(f"before_call_failed: plugin {plugin} gave {kind}, and no mapping",))
        names = {**self._plan.spec.vars, **variables.found_out(self._plan.spec)}
        paths = {name: f'"{name}"' for name in map(str, given) if name in names}
        values, troubles = saved_values.read(paths, dict(given))
        missed = [name for name in names if name not in paths]
        unknown = [name for name in map(str, given) if name not in names and closest(name, missed)]
        notes = [f"not_saved: plugin {plugin}: {one}" for one in troubles]
        notes += [
            f"not_saved: plugin {plugin}: the spec has no variable '{name[:64]}'" for name in unknown[:5]
        ]
        return LookedUp(values, troubles=tuple(notes))


def choice(plan: Plan, names: Mapping[str, Any]) -> CallChoice | None:
    """What holds for a caller of whom ``names`` is known."""
    choices: Iterator[CallChoice] = (
        one for one in plan.before_call.choices if conditions.holds(one.when, names)
    )
    return next(choices, None)


def with_choice(plan: Plan, made: CallChoice) -> Plan:
    """``plan`` with the voice and the language that were chosen."""
    parts = {name: chosen(getattr(plan, name), made) for name in ("stt", "tts", "realtime")}
    return replace(plan, **parts)  # type: ignore[arg-type]
