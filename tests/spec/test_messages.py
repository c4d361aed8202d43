"""Every message that checking can print is shown by a bad spec, or stands here with its test."""

from __future__ import annotations

import re

from tests.spec import messages
from tests.spec.check_spec import SPECS

ELSEWHERE = {
    "plugins/": "tests/plugins: what is wrong with a plugin is in the plugin",
    "spec/loading/overrides.py": "tests/spec/test_override.py: --set stands in no file",
    "spec/loading/file_text.py": "tests/spec/test_source.py: files that can't be read",
    "spec/checks/required_extras.py": "tests/transports/test_microphone.py: what is not installed",
    "plan/checks/english_words.py": "tests/plan/test_language.py: what a provider's settings say, too",
    "spec/reference/flow_export.py": "tests/flows/test_pasted_flows.py: told by `agentrun flow --export`",
    "providers/key_faults.py": "tests/providers/test_key_faults.py: what hangs on the environment",
    "plan/checks/mcp_programs.py": "tests/plan/checks/test_mcp_programs.py: what hangs on the machine",
    "plan/checks/twilio_account.py": "tests/plan/checks/test_twilio_account.py: the environment decides",
    "plan/daily.py": "tests/plan/test_daily.py: what is not installed",
    "plan/webhook.py": "tests/plan/test_webhook.py: what hangs on the environment",
    "more than {} specs extend each other": "tests/spec/test_extends.py",
    "{}'s libraries are not installed": "tests/providers/test_three_providers.py",
    "a prompt can't write '{}' as a name": "tests/spec/test_templates.py",
}
"""The beginning of a file's name, or a message; and where it is shown instead."""


def test_every_message_is_shown_by_a_bad_spec() -> None:
    said = "\n".join(path.read_text(encoding="utf-8") for path in (SPECS / "bad").glob("*.txt"))
    unseen = {
        (file, text)
        for file, text in messages.templates()
        if not messages.pattern(text).search(said)
        and text not in ELSEWHERE
        and not any(file.startswith(beginning) for beginning in ELSEWHERE)
    }
    assert unseen == set()


def test_what_is_shown_elsewhere_is_still_said() -> None:
    known = {text: file for file, text in messages.templates()}
    for said in ELSEWHERE:
        assert said in known or any(re.match(re.escape(said), file) for file in known.values()), said
