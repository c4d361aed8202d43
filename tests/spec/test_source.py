"""YAML without the traps of YAML 1.1, and text that is no YAML."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agentrun.errors import SpecError
from agentrun.spec import load
from agentrun.spec.loading.yaml.source import parse
from tests.spec.check_spec import complaints

SPEC = "transport: local\nprompts: Hi.\n"


@pytest.mark.parametrize(
    "text",
    [
        "+15551234567",
        "0123",
        "19:30",
        "no",
        "yes",
        "on",
        "off",
        "No",
        "2026-01-02",
        "0x1F",
        "0o17",
        "1_000",
        "1e3",
    ],
)
def test_what_other_yaml_would_change_stays_text(text: str) -> None:
    assert parse(f"value: {text}", Path("a.yaml")).data == {"value": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [("12", 12), ("-1", -1), ("0.5", 0.5), ("true", True), ("false", False), ("null", None), ("~", None)],
)
def test_plain_numbers_booleans_and_null_are_what_they_look_like(text: str, value: object) -> None:
    found = parse(f"value: {text}", Path("a.yaml")).data["value"]
    assert (found, type(found)) == (value, type(value))


def test_a_key_is_text_whatever_it_looks_like() -> None:
    assert parse("no: 1\n12: 2\n", Path("a.yaml")).data == {"no": 1, "12": 2}


def test_text_of_the_variables_reaches_the_agent_unchanged(tmp_path: Path) -> None:
    spec = tmp_path / "a.yaml"
    spec.write_text(SPEC + "vars: {from: +15551234567, code: 0123, opens: 19:30, smoking: no}\n")
    expected = {"from": "+15551234567", "code": "0123", "opens": "19:30", "smoking": "no"}
    assert load(spec).spec.vars == expected


def test_every_value_and_key_has_its_place() -> None:
    found = parse("a: 1\nb:\n  - x\n  - c: y\n", Path("a.yaml"))
    place = found.values["b", 1, "c"]
    assert (place.path, place.line, place.column) == ("a.yaml", 4, 8)
    assert (found.keys["b",].line, found.keys["b",].column) == (2, 1)


def test_an_alias_is_a_copy_of_its_anchor() -> None:
    assert parse("a: &x [1]\nb: *x\n", Path("a.yaml")).data == {"a": [1], "b": [1]}


def test_an_alias_inside_its_own_anchor_is_a_problem() -> None:
    with pytest.raises(SpecError):
        parse("a: &x [*x]\n", Path("a.yaml"))


@pytest.mark.parametrize(
    "tagged", ["!!int many", "!!bool maybe", "!!float x", "!!set {a}", "!mine x", "!!binary aGk="]
)
def test_a_tag_that_is_not_plain_data_is_a_problem(tmp_path: Path, tagged: str) -> None:
    spec = tmp_path / "a.yaml"
    spec.write_text(f"{SPEC}description: {tagged}\n")
    assert "a.yaml:3:14: description: the tag !" in complaints(spec)


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path: Path) -> None:
    spec = tmp_path / "a.yaml"
    spec.write_bytes(b"\xef\xbb\xbf" + SPEC.replace("\n", "\r\n").encode())
    assert load(spec).spec.prompts.system == "Hi."


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"#" * 10 * 1024 * 1024, "a.yaml:1:1: is larger than 1 MiB", id="10 MiB"),
        pytest.param(b"transport: local\nprompts: a\0b\n", "a.yaml:2:1: holds a NUL byte", id="NUL"),
        pytest.param(b"transport: local\nprompts: caf\xe9\n", "a.yaml:2:1: is not UTF-8 text", id="latin-1"),
        pytest.param(bytes(range(256)), "a.yaml:2:1: is not UTF-8 text", id="binary"),
        pytest.param(b"\xff\xfet\0r\0", "a.yaml:1:1: is not UTF-8 text", id="UTF-16"),
        pytest.param(b"transport: local\nprompts: a\x07b\n", "control character U+0007", id="bell"),
        pytest.param(b"[" * 100_000, "a.yaml:1:", id="brackets without end"),
    ],
)
def test_a_file_that_is_no_text_is_named_with_its_line(tmp_path: Path, content: bytes, says: str) -> None:
    spec = tmp_path / "a.yaml"
    spec.write_bytes(content)
    assert says in complaints(spec)


def test_a_folder_is_no_spec(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="is a folder"):
        load(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "none.yaml:1:1: there is no such file" in complaints(tmp_path / "none.yaml")


def test_links_in_a_circle_are_no_spec(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to("b.yaml")
    (tmp_path / "b.yaml").symlink_to("a.yaml")
    assert "a.yaml:1:1: can't be read" in complaints(tmp_path / "a.yaml")


def test_a_pipe_is_no_spec_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.yaml")
    assert "is not an ordinary file" in complaints(tmp_path / "a.yaml")


def test_a_name_that_is_too_long_is_no_spec(tmp_path: Path) -> None:
    assert "can't be read" in complaints(tmp_path / ("x" * 300 + ".yaml"))
