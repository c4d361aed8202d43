"""YAML text with positions, without the traps of YAML 1.1."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from agentrun.errors import Problem, SpecError
from agentrun.spec.file import Place, Where, dotted

MOST_BYTES = 1024 * 1024
MOST_DEPTH = 30
MOST_NODES = 20_000
"""An alias counts each time that it is used, so that a few lines can't become millions of values."""

_PLAIN = {
    "tag:yaml.org,2002:int": (re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789")),
    "tag:yaml.org,2002:float": (
        re.compile(r"^[-+]?(?:(?:0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$"),
        list("-+.0123456789"),
    ),
    "tag:yaml.org,2002:bool": (re.compile(r"^(?:true|false)$"), list("tf")),
    "tag:yaml.org,2002:null": (re.compile(r"^(?:null|~|)$"), ["n", "~", ""]),
}
_LONG_NUMBER = re.compile(r"^\+\d+$")


class _Loader(yaml.SafeLoader):
    """Only decimal numbers, true, false and null are more than text: `no`, `0123`, `19:30` and `+1555` are text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


for _tag, (_pattern, _first) in _PLAIN.items():
    _Loader.add_implicit_resolver(_tag, _pattern, _first)


@dataclass
class Source:
    """Plain data, and where each value and each key of it stands."""

    path: Path
    data: Any = None
    values: dict[Where, Place] = field(default_factory=dict)
    keys: dict[Where, Place] = field(default_factory=dict)


def read(path: Path) -> str:
    """The text of a spec; raises SpecError for what is missing, too large, or not text."""
    try:
        if path.is_dir():
            raise _error(path, "is a folder", "name a file, such as agents/ncaa.yaml")
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise _error(path, "there is no such file", "check the path") from None
    except OSError as error:
        raise _error(path, f"can't be read: {error.strerror}", "check the path and its permissions") from None
    if len(raw) > MOST_BYTES:
        raise _error(path, "is larger than 1 MiB", "a spec is a page of YAML; put long prompts into files")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _error(path, f"is not UTF-8 text (byte {error.start})", "save it as UTF-8", line) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise _error(path, "holds a NUL byte: it is not a text file", "save it as UTF-8 text", line)
    return text


def parse(text: str, path: Path) -> Source:
    """YAML text as data with positions; raises SpecError with every problem of the syntax."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        source = Source(path)
        if node is None:
            raise _error(path, "is empty", "begin with `transport: local` and `prompts: …`")
        builder = _Builder(source, loader)
        source.data = builder.build(node, (), 0)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message = f"this is not YAML: {error.problem or error.context}"
        raise SpecError([Problem(str(path), line, column, "", message, _syntax_hint(error))]) from None
    except yaml.YAMLError as error:
        raise _error(
            path, f"this is not YAML: {str(error).splitlines()[0]}", "save it as UTF-8 text"
        ) from None
    except RecursionError:
        raise _error(path, f"is nested more than {MOST_DEPTH} levels deep", "flatten it") from None
    finally:
        loader.dispose()
    if builder.problems:
        raise SpecError(builder.problems)
    return source


class _Builder:
    """Turns nodes into data, and notes where each stands."""

    def __init__(self, source: Source, loader: _Loader) -> None:
        self.problems: list[Problem] = []
        self._source = source
        self._loader = loader
        self._nodes = 0

    def build(self, node: Node, where: Where, depth: int) -> Any:
        self._nodes += 1
        if self._nodes > MOST_NODES or depth > MOST_DEPTH:
            limit = f"{MOST_NODES} values" if self._nodes > MOST_NODES else f"{MOST_DEPTH} levels"
            place = self._place(node)
            message = f"more than {limit}: aliases or nesting out of hand"
            raise SpecError(
                [Problem(place.path, place.line, place.column, dotted(where), message, "flatten it")]
            )
        self._source.values[where] = self._place(node)
        if isinstance(node, MappingNode):
            return self._mapping(node, where, depth)
        if isinstance(node, SequenceNode):
            return [self.build(item, (*where, i), depth + 1) for i, item in enumerate(node.value)]
        return self._scalar(node, where)

    def _mapping(self, node: MappingNode, where: Where, depth: int) -> dict[Any, Any]:
        if not node.tag.startswith("tag:yaml.org,2002:map"):
            return self._unknown_tag(node, where) or {}
        data: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, where)
            if key is None:
                continue
            here = (*where, key)
            if here in self._source.keys:
                first = self._source.keys[here]
                hint = f"keep one of lines {first.line} and {key_node.start_mark.line + 1}"
                self._problem(key_node, here, f"'{key}' stands here a second time", hint)
                continue
            self._source.keys[here] = self._place(key_node)
            data[key] = self.build(value_node, here, depth + 1)
        return data

    def _key(self, node: Node, where: Where) -> str | None:
        if not isinstance(node, ScalarNode):
            self._problem(node, where, "a key must be a word", "write `key: value`")
            return None
        if node.value == "<<":
            self._problem(
                node, where, "merge keys (`<<`) are not supported", "use `extends:` or write it out"
            )
            return None
        return str(node.value)

    def _scalar(self, node: Node, where: Where) -> Any:
        if node.tag in _PLAIN and not _LONG_NUMBER.match(node.value):
            if node.tag.endswith(":int") and len(node.value) > 18:
                return node.value
            return self._loader.construct_object(node)
        if node.tag in _PLAIN or node.tag == "tag:yaml.org,2002:str":
            return node.value
        return self._unknown_tag(node, where)

    def _unknown_tag(self, node: Node, where: Where) -> None:
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        self._problem(node, where, f"the tag {tag} is not supported", "write plain values")

    def _place(self, node: Node) -> Place:
        return Place(str(self._source.path), node.start_mark.line + 1, node.start_mark.column + 1)

    def _problem(self, node: Node, where: Where, message: str, hint: str) -> None:
        place = self._place(node)
        self.problems.append(Problem(place.path, place.line, place.column, dotted(where), message, hint))


def _syntax_hint(error: yaml.MarkedYAMLError) -> str:
    problem = f"{error.problem} {error.context}"
    if "mapping values are not allowed" in problem:
        return 'a value with a colon needs quotes, such as say: "Hello: who is calling?"'
    if "\\t" in problem:
        return "indent with spaces, not tabs"
    if "could not find expected ':'" in problem or "block mapping" in problem:
        return "check the indentation and the colons of this line and the one above"
    return "check quotes, brackets and indentation near this place"


def _error(path: Path, message: str, hint: str, line: int = 1) -> SpecError:
    return SpecError([Problem(str(path), line, 1, "", message, hint)])
