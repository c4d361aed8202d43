"""What a patient says before a visit: the tools of ``patient_intake.yaml``."""

from __future__ import annotations

from agentrun import Call, hookimpl

BORN = "1983-01-01"


async def verify_birthday(birthday: str) -> dict[str, bool]:
    """Check the patient's date of birth.

    Args:
        birthday: As YYYY-MM-DD.
    """
    return {"verified": birthday == BORN}


async def record_prescriptions(call: Call, prescriptions: list[str]) -> str:
    """Record what the patient takes.

    Args:
        prescriptions: Each with its dosage.
    """
    call.state["prescriptions"] = prescriptions
    return f"{len(prescriptions)} recorded"


async def record_allergies(call: Call, allergies: list[str]) -> str:
    """Record the patient's allergies.

    Args:
        allergies: One each.
    """
    call.state["allergies"] = allergies
    return f"{len(allergies)} recorded"


async def record_conditions(call: Call, conditions: list[str]) -> str:
    """Record the patient's conditions.

    Args:
        conditions: One each.
    """
    call.state["conditions"] = conditions
    return f"{len(conditions)} recorded"


async def record_visit_reasons(call: Call, reasons: list[str]) -> str:
    """Record why the patient comes.

    Args:
        reasons: One each.
    """
    call.state["reasons"] = reasons
    return f"{len(reasons)} recorded"


@hookimpl
def agentrun_tools() -> list[object]:
    return [verify_birthday, record_prescriptions, record_allergies, record_conditions, record_visit_reasons]
