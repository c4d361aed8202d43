"""Two versions of agentrun serve on one store while they are exchanged, in either order."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from agentrun.records import CallRecord, Entry
from agentrun.records.store import engine
from agentrun.records.store.queries.call_filter import CallFilter
from agentrun.records.store.store import CallQuery, Store

STEPS = Path(engine.__file__).parent / "migrations"
NUMBERS = sorted(path.name.split("_")[1] for path in (STEPS / "versions").glob("step_*.py"))
BEGAN = datetime.now(UTC) - timedelta(hours=1)


class OlderVersion:
    """Writes rows as an agentrun does that knows the schema up to the step of a ``number``, and no more."""

    def __init__(self, url: str, number: str, folder: Path) -> None:
        steps = folder / "migrations"
        shutil.copytree(
            STEPS, steps, ignore=lambda _, names: [name for name in names if _number(name) > number]
        )
        self._engine = engine.make(url)
        with self._engine.begin() as connection:
            engine.migrate(connection, steps)
        self._calls = sa.Table("calls", sa.MetaData(), autoload_with=self._engine)

    def write(self, call_id: str, *, ended: bool) -> None:
        """Write a call, new or known."""
        record = CallRecord(call_id, "desk", "twilio", "+15551234567", started=BEGAN)
        record.transcript = [Entry(1.0, "caller", f"It is {call_id}.")]
        record.ended, record.ended_by = (BEGAN, "caller") if ended else (None, None)
        row = record.as_json()
        known = {name: row[name] for name in ("agent", "id", "started", "ended")}
        seen = (BEGAN + timedelta(seconds=ended)).isoformat()
        values: dict[str, Any] = {**known, "record": row, "owner": "older", "seen": seen, "key": call_id}
        if not isinstance(self._calls.c.record.type, sa.JSON):
            values["record"] = json.dumps(row)
        mine = {name: value for name, value in values.items() if name in self._calls.c}
        this = (self._calls.c.agent == "desk") & (self._calls.c.id == call_id)
        with self._engine.begin() as connection:
            if not connection.execute(sa.update(self._calls).where(this).values(mine)).rowcount:
                connection.execute(sa.insert(self._calls).values(mine))

    def ids(self) -> set[str]:
        """The calls that it finds."""
        with self._engine.connect() as connection:
            return set(connection.scalars(sa.select(self._calls.c.id)))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


def _number(name: str) -> str:
    return name.split("_")[1] if name.startswith("step_") else ""


def saved(store: Store, call_id: str) -> None:
    record = CallRecord(call_id, "desk", "twilio", started=BEGAN, ended=BEGAN, ended_by="caller")
    record.transcript = [Entry(1.0, "caller", f"It is {call_id}.")]
    assert store.save([record.as_json()], "newer", keys=[call_id]) == []


@pytest.mark.parametrize("number", NUMBERS[:-1])
def test_an_older_version_goes_on_taking_calls_when_a_newer_one_has_changed_the_schema(
    url: str, number: str, tmp_path: Path
) -> None:
    older = OlderVersion(url, number, tmp_path)
    for call_id in ("CA1", "CA2"):
        older.write(call_id, ended=False)
    with Store(url) as store:
        assert {row["id"] for row in store.find(CallQuery())} == {"CA1", "CA2"}
        saved(store, "CA3")
        older.write("CA1", ended=True)
        older.write("CA4", ended=True)
        assert older.ids() == {"CA1", "CA2", "CA3", "CA4"}
        assert store.hourly.count() == 3
        while store.search.add():
            pass
        for call_id in ("CA1", "CA3", "CA4"):
            found = store.find(CallQuery(has=CallFilter(text=f"is {call_id}")))
            assert [row["id"] for row in found] == [call_id]
        assert [row["id"] for row in store.close_abandoned(["older", ""])] == ["CA2"]
    older.close()


def test_a_store_that_a_newer_version_has_brought_further_is_used_as_it_is(url: str) -> None:
    with Store(url) as store:
        saved(store, "CA1")
        with store._engine.begin() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
            connection.execute(sa.text("ALTER TABLE calls ADD COLUMN later VARCHAR(8) NOT NULL DEFAULT 'x'"))
    steps: list[str] = []
    with Store(url, on_steps=lambda: steps.append("told")) as store:
        saved(store, "CA2")
        assert {row["id"] for row in store.find(CallQuery())} == {"CA1", "CA2"}
        with store._engine.connect() as connection:
            assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == "9999"
    assert steps == ["told"]
