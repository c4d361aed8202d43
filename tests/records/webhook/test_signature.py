"""Webhooks are signed as Standard Webhooks says."""

from __future__ import annotations

import pytest

from agentrun.records.webhook import signature

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_example_of_the_reference_libraries_comes_out() -> None:
    made = signature.headers(
        signature.keys(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert made == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_while_a_secret_is_changed_both_sign() -> None:
    both = signature.keys(f"{SECRET} whsec_c2VjcmV0")
    made = signature.headers(both, "msg_1", 1, b"{}")["webhook-signature"].split(" ")
    assert made[0] == signature.headers(both[:1], "msg_1", 1, b"{}")["webhook-signature"]
    assert made[1] == signature.headers(both[1:], "msg_1", 1, b"{}")["webhook-signature"]
    assert made[0] != made[1]


@pytest.mark.parametrize("secret", ["", "whsec_", "my secret!", "whsec_ÄÖ", "whsec_abc"])
def test_what_is_no_key_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match=r"empty|not base64"):
        signature.keys(secret)
