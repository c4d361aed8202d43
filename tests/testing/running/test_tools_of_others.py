"""Tools that ask other programs: a test asks nobody but this machine, and says what it did not ask."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from agentrun.cli.main import main

SPEC = """
transport: local
prompts: You tell the weather.
tools:
  - {use: http, name: here, description: Here., url: "http://127.0.0.1:PORT/here", allow_private: true}
  - {use: http, name: away, description: Away., url: "https://weather.invalid/away"}
  - {use: http, name: public, description: Away., url: "http://1.1.1.1/away"}
  - {mcp: {url: "https://weather.invalid/mcp", only: [listed]}}
tests:
  - name: weather
    turns:
      - user: What is the weather like?
        llm: [{call: TOOL}, {say: I see.}]
        STUB
        expect: [{event: function_call, calls: [TOOL]}, {event: response, text_contains: I see}]
"""


@pytest.fixture
def weather() -> Iterator[http.server.ThreadingHTTPServer]:
    """A server on this machine; ``paths`` are those that it was asked for."""

    class Weather(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            content = json.dumps({"degrees": 7}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Weather)
    paths = server.paths = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, name="weather").start()
    yield server
    server.shutdown()
    server.server_close()


def played(folder: Path, tool: str, port: int = 1, stub: str = "") -> tuple[int, str]:
    path = folder / "weather.yaml"
    text = SPEC.replace("TOOL", tool).replace("PORT", str(port))
    path.write_text(text.replace("STUB", f"tools: {{{tool}: {stub}}}" if stub else ""))
    done = CliRunner().invoke(main, ["test", str(path)], standalone_mode=False)
    assert done.exception is None, done.exception
    return int(done.return_value), done.output


def test_a_request_to_this_machine_is_sent(tmp_path: Path, weather: http.server.ThreadingHTTPServer) -> None:
    code, said = played(tmp_path, "here", weather.server_port)
    assert code == 0, said
    assert weather.paths == ["/here"]  # type: ignore[attr-defined]


def test_a_result_of_the_test_stands_for_the_request(
    tmp_path: Path, weather: http.server.ThreadingHTTPServer
) -> None:
    code, said = played(tmp_path, "here", weather.server_port, "{degrees: 30}")
    assert code == 0, said
    assert weather.paths == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("tool", ["away", "public", "listed"])
def test_a_tool_that_nobody_is_asked_for_fails_its_test(tmp_path: Path, tool: str) -> None:
    code, said = played(tmp_path, tool)
    assert code == 1, said
    words = " ".join(said.split())
    assert f"a result of {tool} for {{}}" in words
    assert "was not asked, as this call is offline. Add one under `tools:`" in words
    assert played(tmp_path, tool, stub="sunny")[0] == 0
