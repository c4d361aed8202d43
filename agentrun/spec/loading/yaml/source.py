"""YAML text as plain data, with the position of each key and value."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from agentrun.errors import Problem, SpecError
from agentrun.spec.loading.file_text import UNEDITED, Edited
from agentrun.spec.loading.spec_file import Place, Where, dotted
from agentrun.spec.loading.yaml import includes as yaml_includes
from agentrun.spec.loading.yaml import loader as yaml_loader
from agentrun.spec.loading.yaml import syntax as yaml_syntax

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True)
class Lines:
    """The lines of a file in which a text with ``{`` stands, from line ``first``.

    ``exact`` when they are the text's own lines, as in a block after ``|`` or in a file of its own.
    """

    path: str
    first: int
    texts: tuple[str, ...]
    exact: bool

    def find(self, line: int, word: str) -> Place:
        """Where ``word`` stands that a template has in its line ``line``."""
        low, high = (line - 1, line) if self.exact else (0, len(self.texts))
        for index in range(low, min(high, len(self.texts))):
            match = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", self.texts[index]) if word else None
            if match:
                return Place(self.path, self.first + index, match.start() + 1)
        index = min(low, max(len(self.texts) - 1, 0))
        indent = len(self.texts[index]) - len(self.texts[index].lstrip()) if self.texts else 0
        return Place(self.path, self.first + index, indent + 1)


@dataclass
class Source:
    """Plain data with positions, and the problems that do not keep it from being read on."""

    path: Path
    data: Any = None
    values: dict[Where, Place] = field(default_factory=dict)
    keys: dict[Where, Place] = field(default_factory=dict)
    lines: dict[Where, Lines] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unread: set[Where] = field(default_factory=set)
    """Values that could not be read, so that what is said of them would be noise."""
    included: int = 0
    """How many files were taken in with ``!include``."""
    including: tuple[Path, ...] = ()
    """This file, behind those that include each other to come to it."""
    files: set[Path] = field(default_factory=set)
    """These, and the specs that are extended: a text has no place among ``values``, nor what is replaced."""
    edited: Edited = field(default_factory=dict)
    """What is to be in files that it names."""

    def report(self, where: Where, place: Place, message: str, hint: str = "") -> None:
        """Add a problem at ``place``."""
        self.problems.append(Problem(place.path, place.line, place.column, dotted(where), message, hint))

    def move(self, before: Where, after: Where) -> None:
        """What stands at ``before`` in the files is read as if it stood at ``after``."""
        for table in (self.values, self.keys, self.lines):
            places: dict[Where, Any] = dict(table)
            for where, place in table.items():
                if where[: len(before)] == before:
                    places[(*after, *where[len(before) :])] = place
            table.clear()
            table.update(places)


def at(data: Any, where: Where) -> Any:
    """The value at ``where``, or None when there is none."""
    for part in where:
        if isinstance(data, dict):
            data = data.get(part)
        else:
            data = (
                data[part] if isinstance(data, list) and isinstance(part, int) and part < len(data) else None
            )
    return data


def parse(
    text: str,
    path: Path,
    *,
    included: int = 0,
    by: tuple[Path, ...] = (),
    edited: Edited = UNEDITED,
) -> Source:
    """YAML text as data with positions; raises SpecError for what is not YAML at all.

    ``included`` files were taken in before this one, which is included ``by`` the last of these files.
    ``edited`` is what is to be in those that it names.
    """
    source = Source(path, included=included, including=(*by, path.resolve()), edited=edited)
    try:
        node = yaml_loader.compose(text)
        if node is None:
            raise _at(path, 1, 1, "is empty", "begin with `transport: local` and `prompts: …`")
        _Builder(source, text).build(node, (), 0)
    except yaml.MarkedYAMLError as error:
        fault = yaml_syntax.explain(error, _LINE_BREAK.split(text))
        raise _at(path, fault.line, fault.column, fault.message, fault.hint) from None
    except yaml.reader.ReaderError as error:
        line = len(_LINE_BREAK.findall(text[: int(error.position)])) + 1
        message = f"holds the control character U+{ord(text[int(error.position)]):04X}"
        raise _at(path, line, 1, message, "remove it; a spec is plain text") from None
    return source


class _Builder:
    """Turns nodes into data, and notes where each stands."""

    def __init__(self, source: Source, text: str) -> None:
        self._source = source
        self._text = _LINE_BREAK.split(text)
        self._nodes = 0

    def build(self, node: Node, where: Where, depth: int) -> Any:
        """The data of ``node``; an alias counts each time that it is used."""
        self._nodes += 1
        if self._nodes > yaml_loader.MOST_NODES or depth > yaml_loader.MOST_DEPTH:
            problem = "more values than any spec has: aliases repeat each other"
            raise yaml_loader.TooMuch(problem=problem, problem_mark=node.start_mark)
        self._source.values[where] = self._place(node)
        data: Any
        if isinstance(node, MappingNode):
            data = self._mapping(node, where, depth)
        elif isinstance(node, SequenceNode):
            data = [self.build(item, (*where, i), depth + 1) for i, item in enumerate(node.value)]
            self._check_tag(node, "seq", where)
        else:
            data = self._scalar(node, where) if isinstance(node, ScalarNode) else None
        if not where:
            self._source.data = data
        return data

    def _mapping(self, node: MappingNode, where: Where, depth: int) -> dict[str, Any]:
        data: dict[str, Any] = {}
        if not self._check_tag(node, "map", where):
            return data
        for key_node, value_node in node.value:
            key = self._key(key_node, where)
            if key is None:
                continue
            here = (*where, key)
            if first := self._source.keys.get(here):
                message = f"'{key}' is given a second time; the first is in line {first.line}"
                hint = f"keep one of lines {first.line} and {key_node.start_mark.line + 1}"
                self._source.report(here, self._place(key_node), message, hint)
                continue
            self._source.keys[here] = self._place(key_node)
            data[key] = self.build(value_node, here, depth + 1)
        return data

    def _key(self, node: Node, where: Where) -> str | None:
        if not isinstance(node, ScalarNode):
            braces = isinstance(node, MappingNode) and node.flow_style
            hint = 'put a value that begins with {{ in quotes: "{{ … }}"' if braces else "write `key: value`"
            self._source.report(where, self._place(node), "a key must be a word", hint)
            self._source.unread |= {where} - {()}
            return None
        if node.value == "<<":
            message = "merge keys (`<<`) are not supported"
            self._source.report(where, self._place(node), message, "use `extends:`, or write it out")
            return None
        return str(node.value)

    def _scalar(self, node: ScalarNode, where: Where) -> Any:
        if node.tag == yaml_includes.TAG:
            return yaml_includes.include(self._source, where, node.value, self._place(node), parse)
        if "{" in node.value:
            self._source.lines[where] = self._lines(node)
        try:
            return yaml_loader.value(node.tag, node.value)
        except ValueError:
            self._report_tag(node, where)
            return None

    def _lines(self, node: ScalarNode) -> Lines:
        first, last = node.start_mark.line, node.end_mark.line
        literal = node.style == "|"
        texts = self._text[first + 1 if literal else first : last if literal else last + 1]
        return Lines(str(self._source.path), first + (2 if literal else 1), tuple(texts), literal)

    def _check_tag(self, node: Node, kind: str, where: Where) -> bool:
        if node.tag == f"tag:yaml.org,2002:{kind}":
            return True
        self._report_tag(node, where)
        return False

    def _report_tag(self, node: Node, where: Where) -> None:
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        self._source.report(where, self._place(node), f"the tag {tag} is not supported", "write plain values")
        self._source.unread |= {where} - {()}

    def _place(self, node: Node) -> Place:
        return Place(str(self._source.path), node.start_mark.line + 1, node.start_mark.column + 1)


def _at(path: Path, line: int, column: int, message: str, hint: str) -> SpecError:
    return SpecError([Problem(str(path), line, column, "", message, hint)])
