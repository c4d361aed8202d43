"""Prompt templates: sandboxed Jinja2, strict about undefined names."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import jinja2
from jinja2 import meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from agentrun.call import Call
from agentrun.spec.loading.close_match import closest
from agentrun.spec.loading.spec_file import Place, Where, nearest
from agentrun.spec.loading.yaml.source import Source, at
from agentrun.spec.values.template_names import CALL_FIELDS, NAMES, SPOKEN_AS_THEY_STAND, TEMPLATES
from agentrun.spec.values.variables import names_in


def environment() -> ImmutableSandboxedEnvironment:
    """Python's insides are out of reach, nothing can be written, and an unknown name is an error."""
    return _Environment(undefined=jinja2.StrictUndefined, autoescape=False, finalize=plain)


@functools.lru_cache(maxsize=256)
def compiled(text: str) -> jinja2.Template:
    """The template ``text``, to be filled in for each call; those of late stay compiled.

    Raises jinja2.TemplateError for what is no template.
    """
    return environment().from_string(text)


def plain(value: Any) -> Any:
    """What is written for ``value``: nothing for null, and for a function, which nobody could be told.

    >>> plain("x".upper), plain(None), plain(7)
    ('', '', 7)
    """
    return "" if value is None or (callable(value) and not isinstance(value, jinja2.Undefined)) else value


class _Environment(ImmutableSandboxedEnvironment):
    """``call.body.get`` is the caller's parameter ``get``, and not a method of a dict."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """As Jinja's, but for the parameters of a call."""
        return obj[attribute] if isinstance(obj, _Body) else super().getattr(obj, attribute)


def render(text: str, call: Call, variables: Mapping[str, Any], now: datetime) -> str:
    """A prompt for one call.

    ``{{ call.body.x }}`` is empty when the call has no custom parameter ``x``: callers choose these. Raises
    jinja2.TemplateError for a template that fails with this call's values.

    >>> render("You talk to {{ call.caller }}.", Call("CA1", "ncaa", "twilio"), {}, datetime(2026, 1, 2))
    'You talk to anonymous.'
    """
    return compiled(text).render(names(call, variables, now))


def render_for_all(text: str, variables: Mapping[str, Any], found_out: Iterable[str] = ()) -> str | None:
    """A prompt that is the same for every call; None when it names the call, the time or what is found out.

    None too where it can't be filled in with these ``variables``: each call then says what it can of it.

    >>> render_for_all("Welcome to {{ house }}.", {"house": "Rosa"})
    'Welcome to Rosa.'
    >>> render_for_all("It is {{ now }}.", {}) is None
    True
    """
    jinja = environment()
    if meta.find_undeclared_variables(jinja.parse(text)) & {*NAMES, *found_out}:
        return None
    try:
        return jinja.from_string(text).render(variables)
    except (jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None


def names(call: Call, variables: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What a prompt can name."""
    fields = {name: getattr(call, name) or "" for name in CALL_FIELDS if name != "body"}
    return {**variables, "now": now, "call": {**fields, "body": _Body(call.parameters)}}


class _Body(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""

    def __contains__(self, key: object) -> bool:
        return True


def check(source: Source) -> list[Any]:
    """Problems of every prompt that is no template, and of every name that it can't know."""
    report = Source(source.path)
    first_values = source.data.get("vars")
    _check_variables(source, first_values if isinstance(first_values, dict) else (), report)
    allowed_names = [*NAMES, *names_in(source.data)]
    for where, text in _texts(source.data):
        for line, word, message, hint in _findings(text, allowed_names):
            report.report(where, _place(source, where, line, word), message, hint)
    for where in SPOKEN_AS_THEY_STAND:
        if "{{" in str(at(source.data, where) or ""):
            message = "this text is prepared before a call and can't hold {{ … }}"
            report.report(where, nearest(source.values, where, source.path), message, "write plain words")
    return report.problems


def _texts(data: dict[str, Any]) -> Iterator[tuple[Where, str]]:
    for where in TEMPLATES:
        text = at(data, where)
        if isinstance(text, str):
            yield where, text


def _check_variables(source: Source, names: Iterable[str], report: Source) -> None:
    for name in names:
        where: Where = ("vars", name)
        place = source.keys.get(where) or nearest(source.values, where, source.path)
        if name in NAMES:
            report.report(where, place, f"'{name}' is taken: every prompt has it", "choose another name")
        elif not name.isidentifier():
            hint = "use letters, digits and _"
            report.report(where, place, f"a prompt can't write '{name}' as a name", hint)


Finding = tuple[int, str, str, str]
"""The template's line, the word that is wrong, the message, the hint."""


def _findings(text: str, known: Iterable[str]) -> Iterator[Finding]:
    try:
        tree = environment().parse(text)
    except jinja2.TemplateSyntaxError as error:
        yield error.lineno, "", f"this template is broken: {error.message}", "check {{ … }} and {% … %}"
        return
    except (RecursionError, ValueError):
        yield 1, "", "this template is broken: it is too deep", "write it more plainly"
        return
    yield from _unknown_names(tree, known)
    yield from _unknown_fields(tree)
    yield from _unknown_parts(tree)
    yield from _methods_of_the_body(tree)


def _methods_of_the_body(tree: nodes.Template) -> Iterator[Finding]:
    """``call.body.items()``: every name after it is a parameter that a caller chooses."""
    for call in tree.find_all(nodes.Call):
        owner = call.node.node if isinstance(call.node, nodes.Getattr) else None
        if isinstance(owner, nodes.Getattr) and _is_call(owner.node) and owner.attr == "body":
            name = call.node.attr  # type: ignore[attr-defined]
            message = f"'call.body.{name}' is a parameter of the call, and can't be called"
            yield call.lineno, name, message, "write {{ call.body.name }}, or {% for name in call.body %}"


def _is_call(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == "call"


def _unknown_names(tree: nodes.Template, known: Iterable[str]) -> Iterator[Finding]:
    local = {n.name for n in tree.find_all(nodes.Name) if n.ctx in ("store", "param")}
    local |= {m.name for m in tree.find_all(nodes.Macro)} | {"loop", "varargs", "kwargs", "caller"}
    allowed = {*known, *local, *environment().globals}
    for name in tree.find_all(nodes.Name):
        if name.ctx == "load" and name.name not in allowed:
            there = f"write one of: {', '.join(sorted(known))}; or add your own under `vars:`"
            yield (
                name.lineno,
                name.name,
                f"'{name.name}' is not known here",
                closest(name.name, known) or there,
            )


def _unknown_fields(tree: nodes.Template) -> Iterator[Finding]:
    fields = [(node.node, node.lineno, node.attr) for node in tree.find_all(nodes.Getattr)]
    items = [item for item in tree.find_all(nodes.Getitem) if isinstance(item.arg, nodes.Const)]
    fields += [(item.node, item.lineno, str(getattr(item.arg, "value", ""))) for item in items]
    for owner, lineno, field in fields:
        if isinstance(owner, nodes.Name) and owner.name == "call" and field not in CALL_FIELDS:
            hint = closest(field, CALL_FIELDS) or f"write one of: {', '.join(CALL_FIELDS)}"
            yield lineno, field, f"'call.{field}' is not known here", hint


def _unknown_parts(tree: nodes.Template) -> Iterator[Finding]:
    jinja = environment()
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        there = jinja.filters if isinstance(node, nodes.Filter) else jinja.tests
        if node.name not in there:
            yield node.lineno, node.name, f"'{node.name}' is not known here", closest(node.name, there)
    for kind in (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends):
        for other in tree.find_all(kind):
            yield other.lineno, "", "a prompt can't take in another file", "write it out"


def _place(source: Source, where: Where, line: int, word: str) -> Place:
    lines = source.lines.get(where)
    if lines and lines.texts and (word or lines.exact):
        return lines.find(line, word)
    return nearest(source.values, where, source.path)
