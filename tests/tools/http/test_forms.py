"""Forms, lists, basic authentication and the call itself in HTTP tools."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qsl

import httpx

from agentrun.call import Call
from agentrun.tools.http.build import make
from agentrun.tools.http.settings import Settings
from agentrun.tools.results.outcome import Outcome
from agentrun.tools.running.invoke import invoke


async def send(
    asked: list[httpx.Request], arguments: dict[str, Any], call: Call | None = None, **more: Any
) -> Outcome:
    """The tool's outcome; ``asked`` gets its requests."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(201, json={"sid": "SM1"})

    given = {"url": "http://127.0.0.1:1/messages", "method": "POST", "allow_private": True, **more}
    tool = make(Settings.model_validate({"name": "send", "description": "Send.", **given}))
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        made = call or Call(
            "CA1", "desk", "twilio", "+15551234567", environ={"SID": "AC1", "TOKEN": "hunter2"}
        )
        object.__setattr__(made, "client", client)
        return await invoke(tool, made, arguments)


def fields(request: httpx.Request) -> list[tuple[str, str]]:
    return parse_qsl(request.content.decode(), keep_blank_values=True)


async def test_a_form_is_sent_as_one_with_a_field_for_each_value_of_a_list() -> None:
    asked: list[httpx.Request] = []
    parameters = {
        "text": {},
        "media": {"type": "array", "items": {"type": "string"}},
        "note": {"required": False},
    }
    form = {
        "Body": "{{ text }}",
        "MediaUrl": "{{ media }}",
        "Note": "{{ note }}",
        "Fixed": ["a", "b"],
        "N": 3,
    }
    text = "Ready & hot = now; ü"
    found = await send(asked, {"text": text, "media": ["x", "y"]}, form=form, parameters=parameters)
    assert found.text == '{"sid":"SM1"}'
    assert asked[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert fields(asked[0]) == [
        ("Body", text),
        ("MediaUrl", "x"),
        ("MediaUrl", "y"),
        ("Fixed", "a"),
        ("Fixed", "b"),
        ("N", "3"),
    ]


async def test_a_value_can_t_add_a_field_to_a_form() -> None:
    asked: list[httpx.Request] = []
    await send(asked, {"text": "hi&To=+666"}, form={"Body": "{{ text }}"}, parameters={"text": {}})
    assert fields(asked[0]) == [("Body", "hi&To=+666")]


async def test_the_caller_s_number_is_that_of_the_call_and_no_argument() -> None:
    asked: list[httpx.Request] = []
    form = {"To": "{{ call.from_number }}", "Ref": "{{ call.body.ref }}"}
    call = Call("CA1", "desk", "twilio", "+15551234567", parameters={"ref": "7&x=1"})
    await send(asked, {}, call, form=form)
    assert fields(asked[0]) == [("To", "+15551234567"), ("Ref", "7&x=1")]


async def test_basic_authentication_is_filled_in_from_variables() -> None:
    asked: list[httpx.Request] = []
    await send(asked, {}, auth={"user": "${SID}", "password": "${TOKEN}"}, form={"a": "b"})
    assert base64.b64decode(asked[0].headers["authorization"].removeprefix("Basic ")) == b"AC1:hunter2"


async def test_lists_and_mappings_keep_their_shape_in_a_body_and_are_repeated_in_a_query() -> None:
    asked: list[httpx.Request] = []
    parameters = {
        "items": {
            "type": "array",
            "items": {"type": "object", "properties": {"name": {}, "count": {"type": "integer"}}},
        },
        "tags": {"type": "array", "items": {"type": "string"}},
    }
    items = [{"name": "pizza", "count": 2}, {"name": "cola", "count": 1}]
    more: dict[str, Any] = {
        "body": {"order": {"items": "{{ items }}"}},
        "query": {"tag": "{{ tags }}", "all": "{{ items }}"},
    }
    await send(asked, {"items": items, "tags": ["a", "b&c"]}, parameters=parameters, **more)
    assert json.loads(asked[0].content) == {"order": {"items": items}}
    assert asked[0].url.params.get_list("tag") == ["a", "b&c"]
    assert [json.loads(each) for each in asked[0].url.params.get_list("all")] == items


async def test_arguments_inside_a_list_are_checked_before_anything_is_sent() -> None:
    asked: list[httpx.Request] = []
    parameters = {
        "items": {"type": "array", "maxItems": 2, "items": {"type": "object", "properties": {"name": {}}}}
    }
    found = await send(asked, {"items": [{"nmae": "x"}]}, parameters=parameters, body={"i": "{{ items }}"})
    assert found.status == "refused"
    assert asked == []
