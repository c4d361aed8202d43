"""Quotes for life insurance: the tools of ``insurance_quote.yaml``."""

from __future__ import annotations

from typing import Any, Literal

from agentrun import Call, hookimpl

RATES = {"single": 100, "married": 90}


async def collect_age(call: Call, age: int) -> str:
    """Note how old the customer is.

    Args:
        age: In years.
    """
    call.state["age"] = age
    return f"{age} years"


async def collect_marital_status(call: Call, marital_status: Literal["single", "married"]) -> str:
    """Note whether the customer is married.

    Args:
        marital_status: What they say.
    """
    call.state["marital_status"] = marital_status
    return marital_status


def _quote(call: Call, coverage: int, deductible: int) -> dict[str, Any]:
    rate = RATES[call.state["marital_status"]] + max(0, call.state["age"] - 30)
    premium = rate * coverage // 250_000 - deductible // 500
    call.state["quote"] = {
        "monthly_premium": premium,
        "coverage_amount": coverage,
        "deductible": deductible,
    }
    return dict(call.state["quote"])


async def calculate_quote(call: Call) -> dict[str, Any]:
    """Calculate the first quote from what the customer has said."""
    return _quote(call, 250_000, 1_000)


async def update_coverage(call: Call, coverage_amount: int, deductible: int) -> dict[str, Any]:
    """Calculate another quote.

    Args:
        coverage_amount: In dollars.
        deductible: In dollars.
    """
    return _quote(call, coverage_amount, deductible)


@hookimpl
def agentrun_tools() -> list[object]:
    return [collect_age, collect_marital_status, calculate_quote, update_coverage]
