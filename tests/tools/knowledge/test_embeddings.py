"""Documents are searched by meaning as well, and by words alone when the model can't be asked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from agentrun import plugins, spec
from agentrun.call import Call
from agentrun.tools.knowledge import embeddings
from agentrun.tools.running.invoke import invoke
from tests.spec.check_spec import complaints

MEANINGS = (("pool", "swim", "water"), ("breakfast", "eat", "food"), ("dog", "pet", "animals"))


class Model:
    """An embeddings model on loopback, to which words of one meaning are the same."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert self.path == "/v1/embeddings"
                assert self.headers["Authorization"] == "Bearer secret"
                outer.asked.append(body["input"])
                rows = [{"index": n, "embedding": vector(text)} for n, text in enumerate(body["input"])]
                answer = json.dumps({"data": rows[::-1]}).encode()
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"


def vector(text: str) -> list[float]:
    """One number for each meaning."""
    return [float(sum(word in text.lower() for word in words)) for words in MEANINGS]


@pytest.fixture
def model() -> Iterator[Model]:
    model = Model()
    thread = threading.Thread(target=model.server.serve_forever, daemon=True)
    thread.start()
    yield model
    model.server.shutdown()
    model.server.server_close()
    thread.join()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("# Pool\nIt is warm.\n# Breakfast\nFrom seven.\n# Dogs\nThey are welcome.\n")
    path = tmp_path / "desk.yaml"
    found = "embeddings: {model: m, base_url: '${WHERE}', api_key: '${KEY}'}"
    path.write_text(f"transport: local\nprompts: Hi.\nknowledge: {{folder: docs, results: 1, {found}}}\n")
    return path


async def ask(path: Path, query: str, where: str, *, offline: bool = False) -> str:
    (tool,) = plugins.load(spec.load(path))
    environ = {"WHERE": where, "KEY": "secret"}
    call = Call("1", "desk", "local", environ=environ, offline=offline)
    return (await invoke(tool, call, {"query": query})).text


async def test_other_words_of_one_meaning_are_found_and_documents_are_embedded_once(
    path: Path, model: Model
) -> None:
    assert "From seven." in await ask(path, "Where can I eat?", model.url)
    assert "It is warm." in await ask(path, "Can we swim?", model.url)
    assert [len(texts) for texts in model.asked] == [3, 1, 1]
    (path.parent / "docs" / "a.md").write_text("# Pool\nIt is warm.\n# Food\nFrom eight.\n")
    assert "From eight." in await ask(path, "Where can I eat?", model.url)
    assert [len(texts) for texts in model.asked][3:] == [1, 1]


async def test_a_model_that_breaks_off_in_the_middle_is_asked_for_the_rest_alone(
    path: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings, "AT_ONCE", 1)
    embed, texts = embeddings._embed, list[str]()

    def break_off(some: Sequence[str], *more: Any) -> list[bytes]:
        if len(texts) == 2:
            raise OSError("embeddings can't be asked: ReadTimeout")
        texts.extend(some)
        return embed(some, *more)

    with monkeypatch.context() as patch:
        patch.setattr(embeddings, "_embed", break_off)
        assert "From seven." in await ask(path, "breakfast", model.url)
    assert len(texts) == 2
    assert "From seven." in await ask(path, "Where can I eat?", model.url)
    asked = [text for request in model.asked for text in request]
    assert len(asked) == len(set(asked)) == 4, "what was answered before was asked for again"


@pytest.mark.parametrize("status", [401, 500])
async def test_a_model_that_refuses_costs_only_the_meaning(path: Path, model: Model, status: int) -> None:
    model.status = status
    assert "From seven." in await ask(path, "breakfast", model.url)
    assert "Nothing was found" in await ask(path, "Where can I eat?", model.url)


@pytest.mark.parametrize(("pause", "asked"), [(30.0, 1), (0.0, 2)])
async def test_a_model_that_keeps_a_caller_waiting_for_nothing_is_left_alone_for_a_while(
    path: Path, monkeypatch: pytest.MonkeyPatch, pause: float, asked: int
) -> None:
    tries: list[object] = []

    def hang(*arguments: Any) -> list[bytes]:
        tries.append(arguments)
        time.sleep(embeddings.WAIT_SECONDS)
        raise OSError("embeddings can't be asked: ReadTimeout")

    monkeypatch.setattr(embeddings, "_embed", hang)
    monkeypatch.setattr(embeddings, "PAUSE_SECONDS", pause)
    (tool,) = plugins.load(spec.load(path))
    call = Call("1", "desk", "local", environ={"WHERE": "http://127.0.0.1:9/v1", "KEY": "secret"})
    for _ in range(2):
        assert "From seven." in (await invoke(tool, call, {"query": "breakfast"})).text
    assert len(tries) == asked


async def test_a_model_that_is_not_there_costs_only_the_meaning(path: Path) -> None:
    assert "From seven." in await ask(path, "breakfast", "http://127.0.0.1:9/v1")


async def test_offline_no_model_is_asked(path: Path, model: Model) -> None:
    assert "From seven." in await ask(path, "breakfast", model.url, offline=True)
    assert model.asked == []


def test_a_variable_that_is_not_set_is_told_and_a_key_in_plain_text_is_refused(path: Path) -> None:
    assert "KEY is not set" in complaints(path)
    path.write_text(path.read_text().replace("${KEY}", "sk"))
    assert "'sk' is a key in plain text" in complaints(path)


@pytest.fixture(params=["no folder", "a file that was written before and can only be read"])
def unwritable(path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """The spec where nothing more can be written beside it; also for root, whom no mode keeps out."""
    beside = path.parent / ".agentrun"
    if request.param == "no folder":
        beside.write_text("a file")
        yield path
        return
    beside.mkdir()
    vectors = beside / "knowledge-desk.vectors.sqlite"
    with contextlib.closing(sqlite3.connect(vectors)) as database, database:
        database.execute("CREATE TABLE vectors (key TEXT PRIMARY KEY, vector BLOB)")
        for change in ("INSERT", "DELETE"):
            refuse = "SELECT RAISE(FAIL, 'attempt to write a readonly database')"
            database.execute(f"CREATE TRIGGER no_{change} BEFORE {change} ON vectors BEGIN {refuse}; END")
    yield path


async def test_where_nothing_can_be_written_documents_are_embedded_once_too(
    unwritable: Path, model: Model
) -> None:
    (tool,) = plugins.load(spec.load(unwritable))
    call = Call("1", "desk", "local", environ={"WHERE": model.url, "KEY": "secret"})
    for query, found in (("Where can I eat?", "seven"), ("Can we swim?", "warm"), ("My pet", "welcome")):
        assert found in (await invoke(tool, call, {"query": query})).text
    assert [len(texts) for texts in model.asked] == [3, 1, 1, 1]
    (unwritable.parent / "docs" / "a.md").write_text("# Pool\nIt is warm.\n# Food\nFrom eight.\n")
    assert "eight" in (await invoke(tool, call, {"query": "Where can I eat?"})).text
    assert [len(texts) for texts in model.asked][4:] == [1, 1]


async def test_two_first_searches_at_once_embed_the_documents_once(
    path: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings, "WAIT_SECONDS", 10)
    (tool,) = plugins.load(spec.load(path))
    call = Call("1", "desk", "local", environ={"WHERE": model.url, "KEY": "secret"})
    await asyncio.gather(*(invoke(tool, call, {"query": query}) for query in ("eat", "swim")))
    assert sorted(len(texts) for texts in model.asked) == [1, 1, 3]


async def test_while_documents_are_embedded_others_are_answered_by_words(
    path: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed, begun, go_on = embeddings._embed, threading.Event(), threading.Event()

    def hold(*arguments: Any) -> list[bytes]:
        begun.set()
        assert go_on.wait(100)
        return embed(*arguments)

    monkeypatch.setattr(embeddings, "_embed", hold)
    (tool,) = plugins.load(spec.load(path))
    call = Call("1", "desk", "local", environ={"WHERE": model.url, "KEY": "secret"})
    first = asyncio.create_task(invoke(tool, call, {"query": "Where can I eat?"}))
    try:
        assert await asyncio.to_thread(begun.wait, 10)
        async with asyncio.timeout(30):
            assert "From seven." in (await invoke(tool, call, {"query": "breakfast"})).text
    finally:
        go_on.set()
    assert "From seven." in (await first).text
