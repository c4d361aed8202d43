"""compose.yaml, held against Compose's own schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from agentrun.deploy.compose import files as compose
from tests.deploy.places import deployment, plan_of

SCHEMA = Path(__file__).with_name("compose_spec") / "compose-spec.json"
URL = "https://voice.example.com"


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    """Of the Compose Specification."""
    return Draft202012Validator(json.loads(SCHEMA.read_bytes()))


def mistakes(validator: Draft202012Validator, file: Any) -> list[str]:
    """The places that Compose would not take."""
    return ["/".join(map(str, one.absolute_path)) for one in validator.iter_errors(file)]


@pytest.mark.parametrize(
    ("names", "transport", "more"),
    [
        (["desk"], "twilio", ""),
        (["desk", "shop"], "[twilio, local]", "record: {webhook: '${CRM_URL}', redact: [phone]}\n"),
        (["room"], "daily", "limits: {max_duration: 3h}\n"),
    ],
)
def test_compose_takes_what_is_written(
    tmp_path: Path, validator: Draft202012Validator, names: list[str], transport: str, more: str
) -> None:
    plans = [plan_of(tmp_path, name, transport, more) for name in names]
    written = compose.files(deployment(tmp_path, *plans, public_url=URL, image="r.example.com/v:1"))
    assert mistakes(validator, yaml.safe_load(written["compose.yaml"])) == []


def misspelt(file: Any) -> None:
    file["services"]["caddy"]["prots"] = []


def no_duration(file: Any) -> None:
    file["services"]["agentrun-1"]["stop_grace_period"] = 1870


def no_mapping(file: Any) -> None:
    file["volumes"] = ["data-1"]


@pytest.mark.parametrize(
    ("spoil", "where"),
    [
        (misspelt, "services/caddy"),
        (no_duration, "services/agentrun-1/stop_grace_period"),
        (no_mapping, "volumes"),
    ],
)
def test_the_schema_would_see_a_mistake(
    tmp_path: Path, validator: Draft202012Validator, spoil: Callable[[Any], None], where: str
) -> None:
    file = yaml.safe_load(compose.files(deployment(tmp_path, public_url=URL))["compose.yaml"])
    spoil(file)
    assert where in mistakes(validator, file)
