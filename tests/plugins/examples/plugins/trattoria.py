"""Take bookings for the trattoria."""

from agentrun import Call, ToolError, hookimpl


def book_table(call: Call, guests: int) -> str:
    """Book a table for this evening."""
    if guests > 12:
        raise ToolError("We seat at most 12. Offer the private room.")
    return f"Booked for {guests}, under {call.caller}."


@hookimpl
def agentrun_tools():  # type: ignore[no-untyped-def]
    return [book_table]
