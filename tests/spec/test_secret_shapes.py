"""Keys of common kinds are found in a spec and hidden in records; what only looks like one is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.records.redaction import secrets
from agentrun.spec.checks.secret_values import mask
from tests.spec.check_spec import complaints

HEX, MIXED = "0123456789abcdef", "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
# put together here, so that no file of the repository looks as if it held one
KEYS = {
    "openai": "sk-" + "proj-" + MIXED,
    "anthropic": "sk-" + "ant-api03-" + MIXED,
    "groq": "gsk_" + MIXED,
    "hugging face": "hf_" + MIXED[:34],
    "replicate": "r8_" + MIXED[:37],
    "perplexity": "pplx-" + HEX * 3,
    "xai": "xai-" + MIXED,
    "elevenlabs": "sk_" + HEX * 3,
    "cartesia": "sk_car_" + MIXED[:22],
    "stripe": "sk_live_" + MIXED[:24],
    "twilio sid": "AC" + HEX * 2,
    "slack": "xoxb-" + "0123456789-abcdefghij",
    "slack webhook": "https://hooks.slack.com/" + "services/T00000000/B00000000/" + MIXED[:24],
    "google": "AIza" + MIXED[:35],
    "google oauth": "GOCSPX-" + MIXED[:28],
    "github": "ghp_" + MIXED[:36],
    "gitlab": "glpat-" + MIXED[:20],
    "aws": "AKIA" + UPPER[:16],
    "azure storage": "AccountKey=" + "Ab0+/" * 17 + "w==",
    "sendgrid": "SG." + MIXED[:22] + "." + MIXED,
    "mailgun": "key-" + HEX * 2,
    "mailchimp": HEX * 2 + "-us14",
    "npm": "npm_" + MIXED[:36],
    "pypi": "pypi-" + "AgEIcHlwaS5vcmc" + MIXED,
    "digitalocean": "dop_v1_" + HEX * 4,
    "databricks": "dapi" + HEX * 2,
    "shopify": "shpat_" + HEX * 2,
    "square": "sq0csp-" + MIXED[:40],
    "linear": "lin_api_" + MIXED,
    "notion": "secret_" + MIXED + "abc",
    "postman": "PMAK-" + (HEX * 2)[:24] + "-" + (HEX * 3)[:34],
    "supabase": "sbp_" + (HEX * 3)[:40],
    "airtable": "pat" + MIXED[:14] + "." + HEX * 4,
    "new relic": "NRAK-" + UPPER[:27],
    "grafana": "glsa_" + MIXED,
    "telegram": "123456789:AA" + MIXED[:33],
    "discord": "M" + MIXED[:25] + "." + MIXED[:6] + "." + MIXED[:30],
    "vault": "hvs." + MIXED,
    "webhook": "whsec_" + MIXED[:32],
    "jwt": "eyJ" + "hbGciOiJIUzI1NiJ9." + "eyJ" + "zdWIiOiIxIn0." + MIXED[:20],
    "private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
}
PLAIN = (
    "risk-free-of-charge",
    "task-management-and-more-words",
    "4fd1c2a9e8b7d6c5f4e3d2c1b0a99887",
    "0a1b2c3d-4e5f-6789-abcd-ef0123456789",
    "sha256:" + HEX * 4,
    "https://example.com/order?code=spring&page=2",
    "https://api.example.com/v1?api_key=${SHOP_KEY}",
    "https://api.example.com/v1?token={{ token }}",
    "postgresql://${USER}:${PASSWORD}@db/calls",
    "tokens-are-explained-in-the-manual",
    "https://example.com:8443/path@2x.png",
    "monkey=banana-0123456789",
    "The key is under the mat; the code is 1234.",
    "hf_transfer_is_enabled",
    "secret_santa_party",
)
SPEC = "transport: local\nprompts: Hi.\n"


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_of_a_known_kind_is_found_and_hidden(kind: str) -> None:
    key = KEYS[kind]
    masked, problems = mask(f"a: {key}\nb: 1\n", "a.yaml")
    assert len(problems) == 1
    assert len(masked) == len(key) + 9
    assert key[6:] not in masked
    assert key[8:] not in secrets.hide(f"The tool answered {key}, it said.")


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_key_is_left_alone(text: str) -> None:
    assert mask(text, "a.yaml") == (text, [])


def test_a_private_key_is_hidden_to_its_end_and_the_lines_stay() -> None:
    text = (
        "a: |\n  -----BEGIN " + "PRIVATE KEY-----\n  " + MIXED + "\n  -----END " + "PRIVATE KEY-----\nb: 1\n"
    )
    masked, [problem] = mask(text, "a.yaml")
    assert MIXED[:10] not in masked
    assert (masked.count("\n"), masked.endswith("\nb: 1\n"), problem.line) == (text.count("\n"), True, 2)


BARE = HEX[:10] + HEX + HEX[:14]
"""Forty hexadecimal digits, as Deepgram's keys have: only the place says what it is."""
PLACES = {
    "vars": f"vars: {{shop_api_key: {BARE}}}\n",
    "the query of a tool": "tools:\n- {use: http, name: a, description: b, url: 'https://a.example/x', "
    f"query: {{key: {BARE}}}}}\n",
    "a token in a query": "tools:\n- {use: http, name: a, description: b, url: 'https://a.example/x', "
    f"query: {{access_token: {BARE}}}}}\n",
    "the address of a tool": "tools:\n- {use: http, name: a, description: b, "
    f"url: 'https://a.example/x?api_key={BARE}'}}\n",
    "the address of a server": f"tools:\n- {{mcp: {{url: 'https://a.example/mcp?token={BARE}'}}}}\n",
    "a password in an address": f"tools:\n- {{mcp: {{url: 'https://me:{BARE}@a.example/mcp'}}}}\n",
    "a service": f"pipeline: {{llm: {{model: openai/gpt-4o, api_key: {BARE}}}}}\n",
}


@pytest.mark.parametrize("place", PLACES)
def test_a_key_without_a_shape_is_found_by_its_place(tmp_path: Path, place: str) -> None:
    (tmp_path / "a.yaml").write_text(SPEC + PLACES[place])
    said = complaints(tmp_path / "a.yaml")
    assert "secret" in said or "this looks like a key in an address" in said
    assert BARE not in said


@pytest.mark.parametrize("value", ["'{{ x }}'", "${SHOP_KEY}", "42", "four words", "short1"])
def test_a_variable_or_a_word_in_such_a_place_is_no_problem(tmp_path: Path, value: str) -> None:
    (tmp_path / "a.yaml").write_text(f"{SPEC}vars: {{token: {value}}}\n")
    assert "secret" not in complaints(tmp_path / "a.yaml")


def test_an_address_in_a_record_shows_no_key() -> None:
    said = f"asked https://a.example/x?page=2&api_key={BARE}&z=1 and https://me:{BARE}@b.example/"
    hidden = secrets.hide(said)
    assert BARE not in hidden
    assert "page=2&api_key=[secret]&z=1" in hidden
