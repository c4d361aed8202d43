"""The tools that come with agentrun: what an agent may do with the call itself."""

from __future__ import annotations

from agentrun.tools.builtin import digits, hang_up, recording, transfer, voicemail, wait
from agentrun.tools.builtin.builtin import Builtin
from agentrun.tools.http import build as http
from agentrun.tools.http.settings import Settings

BUILTINS: dict[str, Builtin] = {
    "hang_up": hang_up.BUILTIN,
    "transfer": transfer.BUILTIN,
    "send_dtmf": digits.SEND,
    "collect_digits": digits.COLLECT,
    "wait": wait.BUILTIN,
    "stop_recording": recording.BUILTIN,
    "leave_voicemail": voicemail.BUILTIN,
    "http": Builtin(Settings, http.make),
}
"""By the name that stands in ``tools:``."""

__all__ = ["BUILTINS", "Builtin"]
