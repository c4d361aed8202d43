"""Calls a plugin's hooks for its tools and services."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable
from typing import Any

import pluggy
from pluggy import PluginValidationError

from agentrun.errors import PluginError
from agentrun.plugins import hookspec
from agentrun.plugins.call_hooks import CallHooks, Hook
from agentrun.plugins.find import Source
from agentrun.tools.author_errors import AuthoredError, authored
from agentrun.tools.build import origin

HOOKS = (
    "agentrun_tools",
    "agentrun_providers",
    "agentrun_call_before",
    "agentrun_call_started",
    "agentrun_call_ended",
    "agentrun_client_message",
)
_HINT = "return a list of functions from agentrun_tools"


def functions_of(source: Source, module: object) -> list[Callable[..., Any]]:
    """The functions that the module's hook returns; raises PluginError if it fails.

    A plugin that only hears of calls names none.
    """
    results = _results(source, module, "agentrun_tools", "it must do no more than name functions")
    functions = [_function(source, entry) for result in results for entry in _listed(source, result)]
    if not functions and not call_hooks_of(source, module):
        raise _error(source, "agentrun_tools names no tools", _HINT)
    return functions


def call_hooks_of(source: Source, module: object) -> CallHooks:
    """The module's hooks for calls and for pages.

    Raises PluginError when its hooks are misspelt.
    """
    hook = _registered(source, module).hook

    def implemented(name: str) -> tuple[Hook, ...]:
        implementations = getattr(hook, name).get_hookimpls()
        return tuple((one.function, tuple(one.argnames)) for one in implementations)

    return CallHooks(
        source.name,
        implemented("agentrun_call_started"),
        implemented("agentrun_call_ended"),
        implemented("agentrun_call_before"),
        implemented("agentrun_client_message"),
        home=None if hook.agentrun_providers.get_hookimpls() else source.name,
    )


def providers_of(source: Source, module: object) -> list[Any]:
    """The service classes that the module's hook returns; raises PluginError if it fails."""
    return _results(source, module, "agentrun_providers", "it must do no more than name classes")


def _registered(source: Source, module: object) -> pluggy.PluginManager:
    manager = pluggy.PluginManager("agentrun")
    manager.add_hookspecs(hookspec)
    try:
        manager.register(module, source.name)
        manager.check_pending()
    except PluginValidationError as error:
        raise _misspelt(source, str(error)) from None
    if not manager.get_hookcallers(module):
        missing = (
            "write a function agentrun_tools, marked @hookimpl, which returns the functions that are tools"
        )
        raise _error(source, "implements no hook", missing)
    return manager


def _results(source: Source, module: object, hook: str, hint: str) -> list[Any]:
    manager = _registered(source, module)
    try:
        with authored():
            results: list[Any] = getattr(manager.hook, hook)()
    except AuthoredError as error:
        raise _error(source, f"{hook} raised {error}", hint) from error.error
    return results


def _listed(source: Source, result: Any) -> list[Any]:
    if isinstance(result, list | tuple):
        return list(result)
    if inspect.iscoroutine(result):
        result.close()
        raise _error(
            source, "agentrun_tools is `async def`, and nobody awaits it", "write def, without async"
        )
    raise _error(source, f"agentrun_tools returned {type(result).__name__}, not a list", _HINT)


def _function(source: Source, named: Any) -> Callable[..., Any]:
    if inspect.isfunction(named) or inspect.ismethod(named):
        function: Callable[..., Any] = named
        if function.__name__ == "<lambda>":
            raise _error(source, f"{origin(function)}: a lambda has no name", "write a def")
        return function
    hint = "name the function itself, without calling it" if inspect.iscoroutine(named) else _HINT
    raise _error(source, f"agentrun_tools names {named!r:.80}, which is not a function", hint)


def _misspelt(source: Source, text: str) -> PluginError:
    """pluggy's words in ours: an unknown hook, or arguments that the hook doesn't have."""
    unknown = re.search(r"unknown hook '(\w+)'", text)
    if not unknown:
        return _with_other_arguments(source, text)
    close = difflib.get_close_matches(unknown[1], HOOKS, 1)
    hint = f"did you mean '{close[0]}'?" if close else f"the hooks are: {', '.join(HOOKS)}"
    return _error(source, f"'{unknown[1]}' is not a hook of agentrun", hint)


def _with_other_arguments(source: Source, text: str) -> PluginError:
    hook = next((name for name in HOOKS if re.search(rf"hook '{name}'", text)), "")
    given = re.findall(r"'(\w+)'", text.rpartition("Argument(s)")[2].partition("}")[0])
    allowed = list(inspect.signature(getattr(hookspec, hook)).parameters) if hook else []
    if not hook or not given:
        return _error(source, text.splitlines()[-1].strip(), f"the hooks are: {', '.join(HOOKS)}")
    names = " and ".join(f"'{name}'" for name in sorted(given))
    hint = f"it may take: {', '.join(allowed)}" if allowed else f"write def {hook}():"
    return _error(source, f"{hook} is given no argument {names}", hint)


def _error(source: Source, message: str, hint: str) -> PluginError:
    return PluginError(source.name, source.where, message, hint)
