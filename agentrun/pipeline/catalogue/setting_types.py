"""Converts type annotations in the source to the types of a setting in YAML."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import griffe

from agentrun.pipeline.catalogue import source
from agentrun.pipeline.catalogue.docs import DEPRECATED, sentences
from agentrun.providers.service import Setting, Type

_PLAIN: dict[str, Type] = {
    "str": "string", "int": "integer", "float": "number", "bool": "boolean", "Any": "any", "object": "any",
    "dict": "object", "Dict": "object", "Mapping": "object", "UUID": "string", "timedelta": "number",
    "Language": "string", "list": "array", "List": "array", "Sequence": "array", "tuple": "array",
    "set": "array", "Iterable": "array",
}  # fmt: skip
_CONSTANTS: dict[type, Type] = {str: "string", int: "integer", bool: "boolean"}
_DEEPEST = 3


@dataclass
class Shape:
    """What may be written for an annotation; ``types`` is empty when nothing may."""

    types: list[Type] = field(default_factory=list)
    choices: list[str | int] = field(default_factory=list)
    fields: dict[str, Setting] = field(default_factory=dict)
    items: Type = "any"
    free: bool = False

    def setting(self, meaning: str, *, default: Any, argument: bool, required: bool = False) -> Setting:
        """The setting of this shape."""
        return Setting(
            self.types[0], meaning, choices=() if self.free else tuple(dict.fromkeys(self.choices)),
            fields=self.fields, also=tuple(self.types[1:]), items=self.items, default=default,
            argument=argument, required=required,
        )  # fmt: skip


def shape(text: str, scope: griffe.Object, depth: int = 0) -> Shape:
    """The shape of an annotation in ``scope``."""
    result = Shape()
    for part in _parts(ast.parse(text, mode="eval").body):
        _add(result, part, scope, depth)
    result.types = list(dict.fromkeys(result.types))
    if "any" in result.types:
        result.types = ["any"]
    return result


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    """The members of a union."""
    if isinstance(node, ast.BinOp):
        yield from _parts(node.left)
        yield from _parts(node.right)
    elif isinstance(node, ast.Subscript) and ast.unparse(node.value) in ("Optional", "Union"):
        for inner in node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]:
            yield from _parts(inner)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from _parts(ast.parse(node.value, mode="eval").body)
    elif not (isinstance(node, ast.Constant) and node.value is None):
        yield node


def _add(found: Shape, part: ast.expr, scope: griffe.Object, depth: int) -> None:
    inner = part.slice if isinstance(part, ast.Subscript) else None
    name = ast.unparse(part.value if isinstance(part, ast.Subscript) else part)
    plain = _PLAIN.get(name.rpartition(".")[2])
    if inner is not None and name == "Literal":
        for value in ast.literal_eval(f"[{ast.unparse(inner).strip('()')}]"):
            found.types += [_CONSTANTS[type(value)]] if value is not None else []
            found.choices += [value] if type(value) in (str, int) else []
    elif inner is not None and name in ("Annotated", "ClassVar"):
        first = inner.elts[0] if isinstance(inner, ast.Tuple) else inner
        _add(found, first, scope, depth)
    elif plain == "array":
        items = _items(inner, scope, depth)
        found.types += ["array"] if items else []
        found.items = items or "any"
    elif plain:
        found.types.append(plain)
        found.free = found.free or plain == "string"
    else:
        _add_named(found, name, scope, depth)


def _items(inner: ast.expr | None, scope: griffe.Object, depth: int) -> Type | None:
    """The one type of a list's entries, or any; None when YAML can't write them."""
    if inner is None or isinstance(inner, ast.Tuple):
        return "any"
    types = shape(ast.unparse(inner), scope, depth + 1).types
    return types[0] if len(types) == 1 else "any" if types else None


def _add_named(found: Shape, name: str, scope: griffe.Object, depth: int) -> None:
    """A class of Pipecat: an enumeration, or an object with fields; or another name for a type."""
    target = source.lookup(name, scope)
    if depth >= _DEEPEST:
        return
    if isinstance(target, griffe.Attribute) and target.value is not None:
        other = shape(str(target.value), target.parent or target, depth + 1)
        found.types += other.types
        found.choices += other.choices
        return
    if not isinstance(target, griffe.Class):
        return
    bases = {str(base).rpartition(".")[2] for owner in source.lineage(target) for base in owner.bases}
    if bases & {"Enum", "StrEnum", "IntEnum"}:
        values = [ast.literal_eval(str(m.value)) for m in _literals(target)]
        found.types += [_CONSTANTS[type(value)] for value in values[:1]]
        found.choices += values
    elif bases & {"BaseModel", "TypedDict"} or "dataclass" in target.labels:
        found.types.append("object")
        found.fields |= fields(target, depth + 1)


def _literals(enum: griffe.Class) -> list[griffe.Attribute]:
    return [m for m in enum.members.values() if isinstance(m, griffe.Attribute) and _is_literal(m)]


def _is_literal(attribute: griffe.Attribute) -> bool:
    try:
        return isinstance(ast.literal_eval(str(attribute.value)), str | int)
    except ValueError:
        return False


def fields(cls: griffe.Class, depth: int = 0) -> dict[str, Setting]:
    """The fields of a dataclass, a pydantic model or a typed dictionary, parents' first."""
    settings: dict[str, Setting] = {}
    for owner in reversed(list(source.lineage(cls))):
        meanings = sentences(owner.docstring)
        for name, member in owner.members.items():
            if not isinstance(member, griffe.Attribute) or member.annotation is None or name.startswith("_"):
                continue
            if "ClassVar" in str(member.annotation) or name == "model_config":
                continue
            form = shape(str(member.annotation), owner, depth)
            meaning = meanings.get(name) or next(iter(sentences(member.docstring).values()), "")
            if not meaning and name in settings:
                meaning = settings[name].help
            if form.types and meaning != DEPRECATED:
                default, required = _default(member)
                settings[name] = form.setting(meaning, default=default, argument=False, required=required)
    return settings


def _default(attribute: griffe.Attribute) -> tuple[Any, bool]:
    """A field's default where it is a literal, and whether it has none."""
    if attribute.value is None:
        return None, True
    try:
        return ast.literal_eval(str(attribute.value)), False
    except ValueError:
        return None, "default" not in str(attribute.value) and str(attribute.value).startswith("Field(...")
