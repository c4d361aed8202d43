"""Parses a model's answer into an analysis, or reports what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agentrun.spec.models.after_call import AfterCall
from agentrun.spec.models.tools.extracted_fields import ExtractedField
from agentrun.spec.values import field_values

MOST_CHARACTERS = 40_000
"""Of an answer; more is not read."""
LONGEST_TEXT = 4_000


class AnswerError(ValueError):
    """What is wrong with an answer, in words that the model can mend it by."""


def read(text: str, wanted: AfterCall) -> dict[str, Any]:
    """``summary``, ``success`` and ``fields`` of an answer, as far as they were asked for.

    What nobody asked for is left out; a field that the answer leaves out is null. Raises AnswerError for
    anything that is not what was asked.

    >>> read('{"success": true}', AfterCall(summary=False, success="it was sold"))
    {'success': True}
    """
    answer = _object(text)
    values: dict[str, Any] = {}
    if wanted.summary:
        summary = answer.get("summary")
        if not isinstance(summary, str) or not summary.strip():
            raise AnswerError("'summary' must be a text")
        values["summary"] = summary.strip()[:LONGEST_TEXT]
    if wanted.success:
        success = {"success": ExtractedField(type="boolean")}
        values |= _values({"success": answer.get("success")}, success)
    if wanted.fields:
        fields = answer.get("fields")
        if not isinstance(fields, dict):
            raise AnswerError("'fields' must be an object")
        values["fields"] = _values(fields, wanted.fields)
    return values


def _object(text: str) -> Mapping[str, Any]:
    """The object in an answer; what stands around it, such as a fence, is passed over."""
    if len(text) > MOST_CHARACTERS:
        raise AnswerError(f"it has more than {MOST_CHARACTERS} characters")
    try:
        answer = json.loads(text[text.index("{") : text.rindex("}") + 1])
    except (ValueError, RecursionError):
        raise AnswerError("it is not JSON") from None
    return answer if isinstance(answer, dict) else {}


def _values(given: Mapping[str, Any], wanted: Mapping[str, ExtractedField]) -> dict[str, Any]:
    values, troubles = field_values.read(wanted, json.dumps(given))
    if troubles:
        raise AnswerError("; ".join(troubles))
    return {name: values.get(name) for name in wanted}
