"""A folder of documents becomes a tool."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from agentrun import plugins, spec
from agentrun.call import Call
from agentrun.errors import SpecError
from agentrun.tools.knowledge import index
from agentrun.tools.knowledge.documents import MOST_CHARACTERS, files, passages
from agentrun.tools.knowledge.index import search
from agentrun.tools.running.invoke import invoke
from tests.log_lines import log_lines

SPEC = "transport: local\nprompts: Hi.\nknowledge: docs\n"


def write_pdf(path: Path, words: str) -> None:
    """One page with ``words`` on it."""
    writer = PdfWriter()
    page = writer.add_blank_page(300, 300)
    name, kind = NameObject, NameObject
    font = {
        name("/Type"): kind("/Font"),
        name("/Subtype"): kind("/Type1"),
        name("/BaseFont"): kind("/Helvetica"),
    }
    fonts = DictionaryObject({name("/F1"): DictionaryObject(font)})
    page[name("/Resources")] = DictionaryObject({name("/Font"): fonts})
    stream = DecodedStreamObject()
    stream.set_data(f"BT /F1 12 Tf 20 200 Td ({words}) Tj ET".encode())
    page[name("/Contents")] = writer._add_object(stream)
    with path.open("wb") as file:
        writer.write(file)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.md").write_text("# House\n## Pool\nThe pool is warm.\n```\n# no heading\n```\n")
    (tmp_path / "desk.yaml").write_text(SPEC)
    return folder


async def test_the_tool_answers_with_its_source(docs: Path) -> None:
    (tool,) = plugins.load(spec.load(docs.parent / "desk.yaml"))
    found = await invoke(tool, Call("1", "desk", "local"), {"query": "How warm is the pool?"})
    assert found.text.startswith('[{"source":"a.md > House > Pool","text":"The pool is warm.')
    assert (docs.parent / ".agentrun" / "knowledge-desk.sqlite").is_file()
    nothing = await invoke(tool, Call("1", "desk", "local"), {"query": "submarines"})
    assert nothing.text.startswith("Nothing was found.")


def test_a_changed_added_or_removed_file_rebuilds_the_index(docs: Path, tmp_path: Path) -> None:
    cache = tmp_path / "i.sqlite"
    assert len(search(docs, cache, "pool", 3)) == 1
    built = cache.stat().st_mtime_ns
    search(docs, cache, "pool", 3)
    assert cache.stat().st_mtime_ns == built
    (docs / "b.txt").write_text("Another pool.")
    assert len(search(docs, cache, "pool", 3)) == 2
    (docs / "b.txt").write_text("Some other tool")
    os.utime(docs / "b.txt", ns=(1, 1))
    assert len(search(docs, cache, "pool", 3)) == 1
    (docs / "a.md").unlink()
    assert search(docs, cache, "pool", 3) == []


def test_a_broken_cache_is_built_anew(docs: Path, tmp_path: Path) -> None:
    cache = tmp_path / "i.sqlite"
    cache.write_bytes(b"no database" * 200)
    assert len(search(docs, cache, "pool", 3)) == 1


def test_a_folder_that_cannot_be_written_to_is_searched_all_the_same(docs: Path) -> None:
    assert len(search(docs, docs / "a.md" / "i.sqlite", "pool", 3)) == 1


@pytest.mark.parametrize(
    "query", ['pool"', "pool AND (", "NEAR(pool", "pool*", "-pool", "passages:pool", "pool; --"]
)
def test_a_query_is_words_and_never_syntax(docs: Path, tmp_path: Path, query: str) -> None:
    assert [hit.source for hit in search(docs, tmp_path / "i.sqlite", query, 3)] == ["a.md"]


def test_a_query_of_common_words_finds_nothing(docs: Path, tmp_path: Path) -> None:
    assert search(docs, tmp_path / "i.sqlite", "what is the", 3) == []


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("営業時間は午前九時から午後六時までです。駐車場があります。", "駐車場"),
        ("営業時間は午前九時から午後六時までです。", "何時まで営業していますか、午後六時?"),
        ("我们的营业时间是早上九点到下午六点。", "几点关门 下午六点"),
        ("เวลาเปิดทำการคือเก้าโมงเช้าถึงหกโมงเย็น", "เปิดกี่โมง"),
        ("영업시간은 오전 아홉 시부터입니다.", "영업시간"),
        ("駅から歩いて五分です。", "駅"),
        ("हम सुबह नौ बजे खुलते हैं।", "खुलते"),
    ],
)
def test_scripts_without_spaces_are_searched(docs: Path, tmp_path: Path, text: str, query: str) -> None:
    (docs / "hours.md").write_text(text)
    found = search(docs, tmp_path / "i.sqlite", query, 3)
    assert [(hit.source, hit.text) for hit in found] == [("hours.md", text)]
    assert search(docs, tmp_path / "i.sqlite", "pool", 3)[0].source == "a.md"


def test_a_query_of_any_length_is_searched(docs: Path, tmp_path: Path) -> None:
    assert search(docs, tmp_path / "i.sqlite", "warm " * 20_000, 3)


def test_a_script_is_no_knowledge_and_headings_of_pages_count(docs: Path) -> None:
    (docs / "p.html").write_text("<h2>Sauna</h2><p>Hot &amp; dry.</p><script>var x = 1</script>")
    (passage,) = passages(docs / "p.html", docs)
    assert (passage.heading, passage.text) == ("Sauna", "Hot & dry.")


def test_a_pdf_is_cited_by_its_page(docs: Path) -> None:
    write_pdf(docs / "menu.pdf", "Soup of the day")
    (docs / "torn.pdf").write_bytes(b"%PDF-1.4 nothing")
    (passage,) = passages(docs / "menu.pdf", docs)
    assert (passage.source, passage.heading, passage.text) == ("menu.pdf", "page 1", "Soup of the day")
    assert list(passages(docs / "torn.pdf", docs)) == []


def test_a_long_section_is_cut(docs: Path) -> None:
    (docs / "long.txt").write_text("word " * 2000)
    assert max(len(passage.text) for passage in passages(docs / "long.txt", docs)) <= MOST_CHARACTERS


def test_hidden_files_and_links_out_of_the_folder_are_not_read(docs: Path) -> None:
    (docs / ".secret.md").write_text("x")
    (docs.parent / "out.md").write_text("x")
    (docs / "link.md").symlink_to(docs.parent / "out.md")
    assert [path.name for path in files(docs)] == ["a.md"]


@pytest.mark.parametrize(
    ("knowledge", "said"),
    [
        ("nowhere", "there is no folder 'nowhere'"),
        ("../..", "leads out of the project's folder"),
        ("empty", "'empty' holds no documents"),
    ],
)
def test_a_folder_that_is_none_points_at_its_line(docs: Path, knowledge: str, said: str) -> None:
    (docs.parent / "empty").mkdir()
    path = docs.parent / "desk.yaml"
    path.write_text(SPEC.replace("docs", knowledge))
    with pytest.raises(SpecError, match=r"desk.yaml:3:12: knowledge\.folder: ") as caught:
        plugins.load(spec.load(path))
    assert said in str(caught.value)


def test_a_plugin_with_a_tool_of_that_name_is_an_error(docs: Path) -> None:
    (docs.parent / "plugins").mkdir()
    code = "from agentrun import hookimpl\ndef search_knowledge() -> str:\n    'Search.'\n    return 'x'\n"
    code += "@hookimpl\ndef agentrun_tools():\n    return [search_knowledge]\n"
    (docs.parent / "plugins" / "own.py").write_text(code)
    path = docs.parent / "desk.yaml"
    path.write_text(SPEC + "tools: [own]\n")
    with pytest.raises(SpecError, match="`knowledge:` brings a tool 'search_knowledge', and plugins/own"):
        plugins.load(spec.load(path))


def test_a_document_that_cannot_be_read_is_left_out_and_told_once(
    docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (docs / "secret.md").write_text("# Pool\nNobody may read this.\n")
    cache = tmp_path / "cache" / "index.sqlite"
    read = Path.read_text

    def refuse(path: Path, *arguments: Any, **more: Any) -> str:
        if path.name == "secret.md":
            raise PermissionError(13, "Permission denied")
        return read(path, *arguments, **more)

    monkeypatch.setattr(Path, "read_text", refuse)
    with log_lines("WARNING") as lines:
        hits = [search(docs, cache, "pool towels", 3) for _ in range(2)]
    assert hits[0] == hits[1] != []
    assert len(lines) == 1
    assert lines[0].startswith("secret.md is left out of what is searched: PermissionError: ")
    assert [path.name for path in cache.parent.iterdir()] == ["index.sqlite"]


def test_an_index_that_cannot_be_built_leaves_nothing_behind(
    docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache" / "index.sqlite"

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        search(docs, cache, "pool", 3)
    assert list(cache.parent.iterdir()) == []


def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A line for each time that an index is built from now on."""
    lines: list[str] = []
    real = index._build

    def noting(connection: sqlite3.Connection, folder: Path, state: index._State) -> sqlite3.Connection:
        lines.append(state.exact)
        return real(connection, folder, state)

    monkeypatch.setattr(index, "_build", noting)
    return lines


def test_an_index_in_an_image_holds_though_its_layers_keep_whole_seconds(
    docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, document = docs.parent / "cache.sqlite", docs / "a.md"
    os.utime(document, ns=(1_700_000_000_123_456_789,) * 2)
    assert search(docs, cache, "pool", 3)
    builds = built(monkeypatch)
    os.utime(document, ns=(1_700_000_000_000_000_000,) * 2)
    assert search(docs, cache, "pool", 3)
    assert builds == []
    os.utime(document, ns=(1_700_000_001_000_000_000,) * 2)
    assert search(docs, cache, "pool", 3)
    assert len(builds) == 1, "it was changed a second later"


async def test_a_folder_that_cannot_be_written_to_is_indexed_once(
    docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in an image with a read-only root, and under systemd."""
    (docs.parent / ".agentrun").write_text("no folder")
    (tool,) = plugins.load(spec.load(docs.parent / "desk.yaml"))
    builds = built(monkeypatch)

    async def ask(query: str) -> str:
        return (await invoke(tool, Call("1", "desk", "local"), {"query": query})).text

    found = await asyncio.gather(*(ask("How warm is the pool?") for _ in range(5)))
    assert all("The pool is warm." in text for text in found)
    assert len(builds) == 1
    (docs / "b.md").write_text("# Dogs\nDogs are welcome.\n")
    assert "Dogs are welcome." in await ask("dogs")
    assert len(builds) == 2
