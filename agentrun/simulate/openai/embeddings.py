"""``/v1/embeddings``: texts with words in common are close to each other, nothing more."""

from __future__ import annotations

import base64
import re
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agentrun.simulate.openai.agent_routes import route
from agentrun.simulate.openai.errors import key_problem
from agentrun.simulate.openai.known_names import require_model
from agentrun.simulate.openai.mock_state import MockState, Request
from agentrun.simulate.openai.request_bodies import RefusedError, read_json

SIZES = {"text-embedding-3-large": 3072}
USUAL_SIZE = 1536
"""Of ``text-embedding-3-small`` and ``text-embedding-ada-002``."""
MOST_INPUTS = 2048
"""Of one request; https://platform.openai.com/docs/api-reference/embeddings/create"""


def routes(mock: MockState) -> list[Route]:
    """The embeddings route, for one agent and for all."""

    async def embeddings(request: HttpRequest, agent: str) -> Response:
        if refused := key_problem(request):
            return refused
        body = await read_json(request)
        mock.requests.append(Request("embeddings", agent, body))
        require_model(body.get("model"))
        texts, size = _texts(body.get("input")), _size(body)
        in_base64 = _in_base64(body)
        vectors = [vector(text, size) for text in texts]
        data = [
            {"object": "embedding", "index": index, "embedding": _written(each, in_base64)}
            for index, each in enumerate(vectors)
        ]
        tokens = sum(len(text) // 4 + 1 for text in texts)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return JSONResponse({"object": "list", "data": data, "model": body.get("model", ""), "usage": usage})

    return route("POST", "/v1/embeddings", embeddings)


def vector(text: str, size: int) -> NDArray[np.float32]:
    """The words of ``text`` in ``size`` numbers whose squares sum to 1, the same at each time.

    >>> float(vector("open", 64) @ vector("Open!", 64)) > 0.99
    True
    """
    numbers = np.zeros(size, np.float32)
    for word in re.findall(r"\w+", text.lower()) or [text]:
        digest = zlib.crc32(word.encode())
        numbers[digest % size] += 1.0 if digest >> 31 else -1.0
    length = float(np.linalg.norm(numbers))
    if not length:
        numbers[0] = length = 1.0
    return numbers / np.float32(length)


def _texts(given: Any) -> list[str]:
    """What is to be embedded; tokens are taken for words. Raises RefusedError."""
    several = given if isinstance(given, list) and not _is_tokens(given) else [given]
    texts = [
        " ".join(map(str, each)) if isinstance(each, list) and _is_tokens(each) else each for each in several
    ]
    if not all(isinstance(text, str) and text for text in texts) or not 0 < len(texts) <= MOST_INPUTS:
        words = f"input: give a text, tokens, or a list of 1 to {MOST_INPUTS} of them, none empty"
        raise RefusedError(words, param="input")
    return texts


def _is_tokens(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(value, int) for value in values)


def _size(body: dict[str, Any]) -> int:
    most = SIZES.get(str(body.get("model")), USUAL_SIZE)
    size = most if body.get("dimensions") is None else body["dimensions"]
    if isinstance(size, bool) or not isinstance(size, int) or not 0 < size <= most:
        raise RefusedError(f"dimensions: {size!r} is not a whole number from 1 to {most}", param="dimensions")
    return size


def _in_base64(body: dict[str, Any]) -> bool:
    encoding = body.get("encoding_format") or "float"
    if encoding not in ("float", "base64"):
        words = f"encoding_format: {encoding!r} is not one of float, base64"
        raise RefusedError(words, param="encoding_format")
    return bool(encoding == "base64")


def _written(numbers: NDArray[np.float32], in_base64: bool) -> str | list[float]:
    if not in_base64:
        return [float(each) for each in numbers]
    return base64.b64encode(numbers.astype("<f4").tobytes()).decode()
