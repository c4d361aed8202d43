"""Runs a tool once and says how it went, in words for the model."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, to_json

from agentrun.call import Call
from agentrun.errors import ToolError
from agentrun.tools.outcome import Outcome, Status
from agentrun.tools.tool import Tool

MOST_CHARACTERS = 16_000
"""Longer results are cut: the model would pay for them on every later turn."""
_EMPTY: tuple[object, ...] = ("", None, [], {}, ())


async def invoke(tool: Tool, call: Call, arguments: Mapping[str, Any]) -> Outcome:
    """Run ``tool`` with the model's ``arguments`` and give what the model is told.

    Never raises but for cancellation: arguments that don't fit, a ToolError, a timeout, a bug of the
    tool and a result that JSON can't hold all become words.
    """
    began = time.monotonic()
    status, text, detail = await _attempt(tool, call, arguments)
    return Outcome(status, text, detail, round(time.monotonic() - began, 3))


async def _attempt(tool: Tool, call: Call, arguments: Mapping[str, Any]) -> tuple[Status, str, str]:
    try:
        async with asyncio.timeout(tool.timeout) as deadline:
            return "ok", as_text(await tool.run(call, arguments)), ""
    except ValidationError as error:
        return "refused", f"{_explain(error)} Call {tool.name} again with arguments that fit.", ""
    except ToolError as error:
        return "refused", str(error) or f"{tool.name} could not do that.", ""
    except PydanticSerializationError as error:
        return "failed", f"{tool.name} failed and gave no result.", f"its result is not JSON: {error}"
    except TimeoutError:
        if deadline.expired():
            text = f"{tool.name} took longer than {tool.timeout:g} s and was stopped; it gave no result."
            return "timeout", text, ""
        return "failed", f"{tool.name} failed and gave no result.", traceback.format_exc()
    except Exception:
        return "failed", f"{tool.name} failed and gave no result.", traceback.format_exc()


def as_text(result: Any) -> str:
    """What the model reads: strings as they are, the rest as JSON.

    Raises PydanticSerializationError for what JSON can't hold.

    >>> as_text({"score": 71}), as_text([])
    ('{"score":71}', 'The result is empty.')
    """
    if any(result is empty or (type(result) is type(empty) and result == empty) for empty in _EMPTY):
        return "The result is empty."
    text = result if isinstance(result, str) else to_json(result).decode()
    if len(text) <= MOST_CHARACTERS:
        return text
    return f"{text[:MOST_CHARACTERS]}… (cut: the result has {len(text)} characters)"


def _explain(error: ValidationError) -> str:
    parts = []
    for item in error.errors(include_url=False):
        name = ".".join(str(part) for part in item["loc"]) or "arguments"
        given = "" if item["type"] == "missing" else f", not {item['input']!r}"
        parts.append(f"{name}: {item['msg']}{given}.")
    return " ".join(parts)
