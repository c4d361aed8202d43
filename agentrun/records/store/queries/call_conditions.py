"""Search conditions on a record as SQL: JSON paths in SQLite, one pass over the JSON in PostgreSQL.

PostgreSQL reads a record anew for each operator, which is most of a search's work. Records may be of a
foreign shape, as ``record_shape`` says: what is no list, or no object, is nothing, and not an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa

from agentrun.records.store.queries.call_filter import NO_SUCCESS, PLACED, SUCCESS, UP, CallFilter
from agentrun.records.store.tables import CALLS

Condition = sa.ColumnElement[bool]
Query = sa.Select[Any]
Part = Callable[[str], sa.ColumnElement[Any]]
Holds = Callable[[sa.ColumnElement[Any], str], Condition]
RARE = 3
"""Letters of a value that few records have."""
_NUMBERS = "from_number", "to_number"
_JSON = "analysis", "transcript", "variables"


def prepare(connection: Any) -> None:
    """Teach a connection to SQLite the lower case of all letters; its own knows those of ASCII."""
    connection.create_function("agentrun_lower", 1, _lower, deterministic=True)


def on_sqlite(query: Query, has: CallFilter) -> Query:
    """The calls of a ``query`` that have all of ``has``."""
    record = CALLS.c.record
    text = sa.type_coerce(record, sa.Text)
    conditions = [text.contains(word, autoescape=True) for word in _words(has)]
    conditions += _of_columns(has, lambda *path: record[path].as_string())
    is_list = sa.func.json_type(record, "$.transcript") == "array"
    elements = sa.func.json_each(sa.case((is_list, record)), "$.transcript")
    entries = elements.table_valued("value", "type", name="entries")
    entry = sa.case((entries.c.type == "object", entries.c.value))
    conditions += _of_entries(has, entries, lambda name: sa.func.json_extract(entry, f"$.{name}"), _contains)
    variables = sa.func.json_each(record, "$.variables")
    pairs = variables.table_valued("key", "value", "type", name="pairs")
    is_word = pairs.c.type.in_(("true", "false", "null"))
    spelled = sa.case((is_word, pairs.c.type), else_=sa.cast(pairs.c.value, sa.String))
    return query.where(*conditions, *_of_variables(has, pairs, spelled, _contains))


def on_postgresql(query: Query, has: CallFilter) -> Query:
    """The calls of a ``query`` that have all of ``has``."""
    text = sa.collate(sa.cast(CALLS.c.record, sa.Text), "C")
    values = (value for _, value in has.variables if len(value) >= RARE and value.isalnum())
    # what few have is looked for first
    words = (*filter(_is_plain, values), *_words(has))
    query = query.where(*(text.icontains(word, autoescape=True) for word in words))
    if has == CallFilter(outcome=UP):
        return query.where(CALLS.c.ended.is_(None))
    # a column that nobody asks for takes its time as well
    record = parts_of(
        *(sa.column(name, sa.JSON if name in _JSON else sa.Text) for name in _searched_parts(has))
    )
    conditions = [*_of_columns(has, lambda name, *inner: _inside(record.c[name], *inner))]
    if has.tool or has.text:
        elements = sa.func.json_array_elements(_only("array", record.c.transcript))
        entries = elements.table_valued("value", name="entries")
        entry = sa.cast(entries.c.value, sa.JSON)
        conditions += _of_entries(has, entries, lambda name: entry[name].as_string(), _matches)
    if has.variables:
        variables = sa.func.json_each_text(_only("object", record.c.variables))
        pairs = variables.table_valued("key", "value", name="pairs")
        conditions += _of_variables(has, pairs, sa.func.coalesce(pairs.c.value, "null"), _matches)
    return query.join_from(CALLS, record, sa.true()).where(*conditions)


def parts_of(*columns: sa.ColumnClause[Any]) -> sa.TableValuedAlias:
    """Parts of a record on PostgreSQL, as a row with these ``columns``, null of what is no object."""
    whole = sa.func.json_to_record(_only("object", CALLS.c.record))
    return whole.table_valued(*columns, name="parts").render_derived(with_types=True)


def _only(kind: str, value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.case((sa.func.json_typeof(value) == kind, value), else_=sa.null())


def _inside(part: sa.ColumnElement[Any], *inner: str) -> sa.ColumnElement[Any]:
    found: sa.ColumnElement[Any] = part[inner].as_string() if inner else part
    return found


def _searched_parts(has: CallFilter) -> Iterator[str]:
    """The parts of a record that a search looks into."""
    if has.outcome and has.outcome != UP:
        yield _ending(has.outcome)
    if has.number:
        yield from _NUMBERS
    if has.tool or has.text:
        yield "transcript"
    if has.variables:
        yield "variables"


def _ending(outcome: str) -> str:
    """The part of a record in which an outcome stands."""
    if outcome in (SUCCESS, NO_SUCCESS):
        return "analysis"
    return "outcome" if outcome in PLACED else "ended_by"


def _words(has: CallFilter) -> Iterator[str]:
    """Those of a search's words that stand in a record's text where it has them: much faster to look for."""
    yield from filter(_is_plain, (has.tool, has.text))


def _is_plain(word: str) -> bool:
    """Whether a word stands in JSON as it is, so that records without it need no closer look."""
    return bool(word) and word.isascii() and word.isprintable() and not set(word) & set('"\\')


def _of_columns(has: CallFilter, part: Callable[..., sa.ColumnElement[Any]]) -> Iterator[Condition]:
    if has.outcome == UP:
        yield CALLS.c.ended.is_(None)
    elif has.outcome in (SUCCESS, NO_SUCCESS):
        success = sa.cast(part("analysis", "success"), sa.String)
        yield success.in_(("1", "true") if has.outcome == SUCCESS else ("0", "false"))
    elif has.outcome:
        yield part(_ending(has.outcome)) == has.outcome
    if has.number:
        numbers = (sa.func.lower(part(name)) for name in _NUMBERS)
        yield sa.or_(*(each.contains(has.digits, autoescape=True) for each in numbers))


def _of_entries(
    has: CallFilter, entries: sa.TableValuedAlias, part: Part, holds: Holds
) -> Iterator[Condition]:
    if has.tool:
        yield _exists(entries, part("who") == "tool", part("name") == has.tool)
    if has.text:
        yield _exists(entries, holds(part("text"), has.text))


def _of_variables(
    has: CallFilter, pairs: sa.TableValuedAlias, spelled: sa.ColumnElement[Any], holds: Holds
) -> Iterator[Condition]:
    for name, value in has.variables:
        yield _exists(pairs, pairs.c.key == name, holds(spelled, value))


def _exists(rows: sa.TableValuedAlias, *conditions: Condition) -> Condition:
    return sa.select(sa.literal(1)).select_from(rows).where(*conditions).correlate_except(rows).exists()


def _contains(text: sa.ColumnElement[Any], part: str) -> Condition:
    """Whether ``part`` stands in ``text``, in upper or lower case."""
    lower: sa.ColumnElement[str] = sa.func.agentrun_lower(text)
    return lower.contains(part.lower(), autoescape=True)


def _matches(text: sa.ColumnElement[Any], part: str) -> Condition:
    """The same: what PostgreSQL's own lower() knows of letters depends on the database's locale."""
    return text.regexp_match("".join(map(_either_case, part.lower())))


def _either_case(letter: str) -> str:
    r"""A letter in both cases, or whatever else it is, as a regular expression of PostgreSQL's.

    >>> _either_case("ü"), _either_case("."), _either_case("ß")
    ('[üÜ]', '\\.', 'ß')
    """
    if not letter.isalnum():
        return letter if letter in " _" else f"\\{letter}" if letter.isascii() else letter
    return f"[{letter}{letter.upper()}]" if letter.upper() != letter and len(letter.upper()) == 1 else letter


def _lower(text: object) -> object:
    return text.lower() if isinstance(text, str) else text
