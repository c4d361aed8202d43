"""Appointments are kept, and no time is given to two people, whoever asks at once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from threading import Barrier
from types import ModuleType

import pytest

from agentrun import Call
from agentrun.testing import call_tool
from agentrun.tools.results.outcome import Outcome
from tests.plugins_examples.conftest import PROJECT, load_plugin

MONDAY = date.today() + timedelta(days=7 - date.today().weekday())
SUNDAY = MONDAY + timedelta(days=6)
PROCESS = """
import sys
from agentrun import Call, ToolError
from datetime import date, time
from tests.plugins_examples.conftest import load_plugin
plugin = load_plugin("appointments")
name, path, day = sys.argv[1:]
call = Call(name, "desk", "twilio", environ={"APPOINTMENTS_FILE": path})
print("ready", flush=True)
sys.stdin.readline()
for hour in range(9, 17):
    try:
        plugin.book_appointment(call, name, date.fromisoformat(day), time(hour))
        print(hour)
    except ToolError:
        pass
"""


@pytest.fixture(scope="module")
def plugin() -> ModuleType:
    return load_plugin("appointments")


@pytest.fixture
def call(tmp_path: Path) -> Call:
    return call_of(tmp_path, "+15550000001")


def call_of(folder: Path, number: str, **environ: str) -> Call:
    given = {"APPOINTMENTS_FILE": str(folder / "book.sqlite3"), **environ}
    return Call(id=number, agent="desk", transport="twilio", from_number=number, environ=given)


def book(plugin: ModuleType, call: Call, name: str, at: str, day: date = MONDAY) -> Outcome:
    return call_tool(plugin.book_appointment, {"name": name, "day": str(day), "at": at}, call)


def free(plugin: ModuleType, call: Call, day: date = MONDAY) -> str:
    return call_tool(plugin.list_free_appointments, {"day": str(day)}, call).text


def test_a_booked_time_is_no_longer_free(plugin: ModuleType, call: Call) -> None:
    assert '"14:30"' in free(plugin, call)
    outcome = book(plugin, call, "Ada Byron", "14:30")
    assert outcome.status == "ok"
    assert outcome.text.startswith("Ada Byron has an appointment on Monday")
    assert '"14:30"' not in free(plugin, call)


def test_a_time_is_given_to_one_caller_only(plugin: ModuleType, call: Call, tmp_path: Path) -> None:
    book(plugin, call, "Ada Byron", "14:30")
    other = book(plugin, call_of(tmp_path, "+15550000002"), "Ada Byron", "14:30")
    assert other.status == "refused"
    assert "is taken. Free on that day: 09:00, 09:30" in other.text


def test_a_booking_that_the_model_repeats_is_the_same_one(plugin: ModuleType, call: Call) -> None:
    first, second = (book(plugin, call, "Ada Byron", "14:30") for _ in range(2))
    assert (second.status, second.text) == ("ok", first.text)


def test_a_moved_appointment_frees_its_time(plugin: ModuleType, call: Call) -> None:
    book(plugin, call, "Ada Byron", "14:30")
    given = {
        "name": "ada byron",
        "day": str(MONDAY),
        "at": "14:30",
        "new_day": str(MONDAY),
        "new_at": "16:00",
    }
    assert call_tool(plugin.move_appointment, given, call).status == "ok"
    assert '"14:30"' in free(plugin, call)
    assert '"16:00"' not in free(plugin, call)


def test_an_appointment_stays_when_the_new_time_is_taken(plugin: ModuleType, call: Call) -> None:
    book(plugin, call, "Ada Byron", "14:30")
    book(plugin, call, "Grace Hopper", "16:00")
    given = {
        "name": "Ada Byron",
        "day": str(MONDAY),
        "at": "14:30",
        "new_day": str(MONDAY),
        "new_at": "16:00",
    }
    outcome = call_tool(plugin.move_appointment, given, call)
    assert (outcome.status, "is taken" in outcome.text) == ("refused", True)
    assert '"14:30"' not in free(plugin, call)


def test_a_cancelled_appointment_can_be_booked_again(plugin: ModuleType, call: Call) -> None:
    book(plugin, call, "Ada Byron", "14:30")
    given = {"name": "Ada Byron", "day": str(MONDAY), "at": "14:30"}
    assert call_tool(plugin.cancel_appointment, given, call).status == "ok"
    assert book(plugin, call, "Grace Hopper", "14:30").status == "ok"


@pytest.mark.parametrize("tool", ["move_appointment", "cancel_appointment"])
@pytest.mark.parametrize(("name", "at"), [("Grace Hopper", "14:30"), ("Ada Byron", "15:00")])
def test_an_unknown_appointment_is_told_in_words(
    plugin: ModuleType, call: Call, tool: str, name: str, at: str
) -> None:
    book(plugin, call, "Ada Byron", "14:30")
    given = {"name": name, "day": str(MONDAY), "at": at}
    given |= {"new_day": str(MONDAY), "new_at": "16:00"} if tool == "move_appointment" else {}
    outcome = call_tool(getattr(plugin, tool), given, call)
    assert (outcome.status, "Ask for the name, day and time again" in outcome.text) == ("refused", True)
    assert '"14:30"' not in free(plugin, call)


def test_what_is_past_can_t_be_booked(plugin: ModuleType, call: Call) -> None:
    outcome = book(plugin, call, "Ada Byron", "14:30", MONDAY - timedelta(days=14))
    assert (outcome.status, "is past" in outcome.text) == ("refused", True)
    assert free(plugin, call, MONDAY - timedelta(days=14)) == "The result is empty: there is nothing to tell."


@pytest.mark.parametrize(
    ("day", "at"), [(SUNDAY, "10:00"), (MONDAY, "08:30"), (MONDAY, "17:00"), (MONDAY, "9:10")]
)
def test_outside_the_hours_nothing_can_be_booked(plugin: ModuleType, call: Call, day: date, at: str) -> None:
    outcome = book(plugin, call, "Ada Byron", at.zfill(5), day)
    assert outcome.status == "refused"
    assert "There is one every 30 minutes, mon tue wed thu fri 09:00-17:00" in outcome.text


def test_hours_and_zone_come_from_the_environment(plugin: ModuleType, tmp_path: Path) -> None:
    hours = {"APPOINTMENTS_HOURS": "sun 10:00-11:15", "APPOINTMENTS_ZONE": "Pacific/Kiritimati"}
    call = call_of(tmp_path, "+15550000001", **hours)
    assert free(plugin, call, SUNDAY) == '["10:00","10:30"]'


def test_a_zone_that_the_model_adds_changes_no_time(plugin: ModuleType, call: Call) -> None:
    assert "at 14:30" in book(plugin, call, "Ada Byron", "14:30:00Z").text


def test_two_threads_never_get_the_same_time(plugin: ModuleType, tmp_path: Path) -> None:
    both = Barrier(2)

    def work(number: str) -> list[int]:
        call = call_of(tmp_path, number)
        won = []
        for hour in range(9, 17):
            both.wait()
            if book(plugin, call, number, f"{hour:02}:00").status == "ok":
                won.append(hour)
        return won

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(work, ["+15550000001", "+15550000002"])
    assert sorted(first + second) == list(range(9, 17))


def test_two_processes_never_get_the_same_time(tmp_path: Path) -> None:
    path = str(tmp_path / "book.sqlite3")
    command = [sys.executable, "-W", "ignore", "-c", PROCESS]
    processes = [
        subprocess.Popen(
            [*command, name, path, str(MONDAY)],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("Ada Byron", "Grace Hopper")
    ]
    try:
        for process in processes:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin
            process.stdin.write("\n")
            process.stdin.flush()
        won = [hour for process in processes for hour in process.communicate(timeout=30)[0].split()]
    finally:
        for process in processes:
            process.kill()
    assert sorted(map(int, won)) == list(range(9, 17))


def test_who_has_an_appointment_is_known_by_their_number(plugin: ModuleType, tmp_path: Path) -> None:
    ada, other = call_of(tmp_path, "+15550000001"), call_of(tmp_path, "+15550000002")
    assert plugin.agentrun_call_before(ada) is None
    assert not (tmp_path / "book.sqlite3").exists(), "a look-up makes no diary"
    book(plugin, ada, "Ada Byron", "14:30")
    book(plugin, ada, "Ada Byron", "09:00")
    known = plugin.agentrun_call_before(ada)
    assert known == {"patient": "Ada Byron", "appointment": f"Monday, {MONDAY.day} {MONDAY:%B} at 09:00"}
    assert plugin.agentrun_call_before(other) is None
    hidden = Call("1", "desk", "twilio", environ=ada.environ)
    assert plugin.agentrun_call_before(hidden) is None
