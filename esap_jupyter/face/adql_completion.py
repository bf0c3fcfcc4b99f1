"""What completes a query in ADQL 2.1, in a cell and in the panel: tables, columns, aliases, ADQL's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from esap_jupyter.face.vocabulary import Vocabulary
from esap_jupyter.models import TableDescription

Kind = Literal["column", "table", "table alias", "function", "keyword"]

MOST = 500
"""No more are offered at once."""

_KEYWORDS = re.findall(
    "[A-Z0-9_]+",
    "SELECT TOP DISTINCT FROM JOIN LEFT RIGHT FULL INNER OUTER NATURAL USING ON WHERE AND OR NOT IN"
    " LIKE BETWEEN IS NULL EXISTS GROUP ORDER BY HAVING ASC DESC OFFSET UNION EXCEPT INTERSECT AS WITH"
    " CASE WHEN THEN ELSE END TAP_UPLOAD",
)
_FUNCTIONS = re.findall(
    "[A-Z0-9_]+",
    "COUNT MIN MAX AVG SUM ABS CEILING DEGREES EXP FLOOR LOG LOG10 MOD PI POWER RADIANS RAND ROUND"
    " SQRT TRUNCATE ACOS ASIN ATAN ATAN2 COS COT SIN TAN LOWER UPPER COALESCE CAST AREA BOX CENTROID"
    " CIRCLE CONTAINS COORD1 COORD2 DISTANCE INTERSECTS POINT POLYGON REGION",
)
_WORDS: dict[str, Kind] = {
    **dict.fromkeys(_FUNCTIONS, "function"),
    **dict.fromkeys(_KEYWORDS, "keyword"),
}
"""What people write, not all that is reserved."""

_RESERVED = frozenset(_FUNCTIONS) | frozenset(
    re.findall(
        "[A-Z_]+",
        "ABSOLUTE ACTION ADD ALL ALLOCATE ALTER AND ANY ARE AS ASC ASSERTION AT AUTHORIZATION BEGIN"
        " BETWEEN BIGINT BIT BIT_LENGTH BLOB BOTH BY CASCADE CASCADED CASE CATALOG CHAR CHARACTER"
        " CHARACTER_LENGTH CHAR_LENGTH CHECK CLOB CLOSE COLLATE COLLATION COLUMN COMMIT CONNECT CONNECTION"
        " CONSTRAINT CONSTRAINTS CONTINUE CONVERT CORRESPONDING CREATE CROSS CURRENT CURRENT_DATE"
        " CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER CURSOR DATE DAY DEALLOCATE DEC DECIMAL DECLARE"
        " DEFAULT DEFERRABLE DEFERRED DELETE DESC DESCRIBE DESCRIPTOR DIAGNOSTICS DISCONNECT DISTINCT"
        " DOMAIN DOUBLE DROP ELSE END ESCAPE EXCEPT EXCEPTION EXEC EXECUTE EXISTS EXTERNAL EXTRACT FALSE"
        " FETCH FIRST FLOAT FOR FOREIGN FOUND FROM FULL GET GLOBAL GO GOTO GRANT GROUP HAVING HOUR"
        " IDENTITY ILIKE IMMEDIATE IN INDICATOR INITIALLY INNER INPUT INSENSITIVE INSERT INT INTEGER"
        " INTERSECT INTERVAL INTO IS ISOLATION JOIN KEY LANGUAGE LAST LEADING LEFT LEVEL LIKE LOCAL MATCH"
        " MINUTE MODULE MONTH NAMES NATIONAL NATURAL NCHAR NEXT NO NOT NULL NULLIF NUMERIC OCTET_LENGTH OF"
        " OFFSET ON ONLY OPEN OPTION OR ORDER OUTER OUTPUT OVERLAPS PAD PARTIAL POSITION PRECISION PREPARE"
        " PRESERVE PRIMARY PRIOR PRIVILEGES PROCEDURE PUBLIC READ REAL REFERENCES RELATIVE RESTRICT REVOKE"
        " RIGHT ROLLBACK ROWS SCHEMA SCROLL SECOND SECTION SELECT SESSION SESSION_USER SET SIZE SMALLINT"
        " SOME SPACE SQL SQLCODE SQLERROR SQLSTATE SUBSTRING SYSTEM_USER TABLE TEMPORARY THEN TIME"
        " TIMESTAMP TIMEZONE_HOUR TIMEZONE_MINUTE TO TOP TRAILING TRANSACTION TRANSLATE TRANSLATION TRIM"
        " TRUE UNION UNIQUE UNKNOWN UPDATE USAGE USER USING VALUE VALUES VARCHAR VARYING VIEW WHEN"
        " WHENEVER WHERE WITH WORK WRITE YEAR ZONE COORDSYS IN_UNIT",
    )
)
"""ADQL 2.1, section 2.1.3: what no name may be, unless in quotes."""

_NAME = r'(?:"(?:[^"]|"")*"?|\w+)'
_TOKEN = re.compile(rf"--[^\n]*|'(?:[^']|'')*'?|{_NAME}(?:\.{_NAME})*\.?|\S")
_DELIMITED = re.compile(r'"((?:[^"]|"")*)"?')
_REGULAR = re.compile("[A-Za-z][A-Za-z0-9_]*")
# VizieR's tables, I/239/hip_main, as people begin to write them: without the quotes that they need.
_BARE_TABLE = re.compile(r"""[^\s,()'"]+$""")


@dataclass(frozen=True, slots=True)
class Completion:
    """Something that may stand at the cursor.

    Attributes
    ----------
    text : str
        As the query has to have it, in quotes where the name needs them.
    kind : str
        ``column``, ``table``, ``table alias``, ``function`` or ``keyword``.
    unit, description : str
        Of a column; a table has a description at most.
    """

    text: str
    kind: Kind
    unit: str = ""
    description: str = ""


def complete(
    adql: str, cursor: int, service: str, vocabulary: Vocabulary, most: int = MOST
) -> tuple[int, list[Completion]]:
    """Complete what is before the cursor.

    Parameters
    ----------
    adql : str
        The query, as far as it is written.
    cursor : int
        Characters before the cursor.
    service : str
        Whose tables and columns; without one, ADQL's own words are all there is.
    vocabulary : Vocabulary
        What is known of the service.
    most : int
        No more are returned.

    Returns
    -------
    start : int
        Where what a completion replaces begins; it ends at the cursor.
    completions : list of Completion
        Columns before tables before ADQL's own words.
    """
    before, after = adql[:cursor], adql[cursor:]
    fragment = _last_token(before)
    if fragment.startswith(("'", "--")):
        return cursor, []
    if not re.match(r'[\w"]', fragment):
        fragment = ""
    read = _read(before[: len(before) - len(fragment)])
    bare = _BARE_TABLE.search(before)
    if bare and '"' not in fragment and not read.wants_table:
        outside = _read(before[: bare.start()])
        if outside.wants_table:
            fragment, read = bare.group(), outside
    start = cursor - len(fragment)
    is_open = fragment.count('"') % 2 == 1
    # An editor may have closed the quotes before anything is in them.
    closed = is_open and after.startswith('"')
    known = _Known(service, vocabulary)
    if read.wants_table:
        found: Iterable[Completion] = _tables(fragment, known)
    else:
        whole = _read(f"{adql[:start]} {after[1:] if closed else after}")
        found = _anything(fragment, whole, known)
    offered: dict[str, Completion] = {}
    for each in found:
        if len(offered) == most:
            break
        text = _within_quotes(each.text) if is_open else each.text
        text = text.removesuffix('"') if closed else text
        offered.setdefault(text, Completion(text, each.kind, each.unit, each.description))
    return start, list(offered.values())


class _Known:
    """One service's tables; names without regard to case and quotes."""

    def __init__(self, service: str, vocabulary: Vocabulary) -> None:
        self._service = service
        self._vocabulary = vocabulary
        self.tables = vocabulary.tables(service) if service else []
        self._by_name = {_plain(table.name).lower(): table for table in self.tables}

    def columns(self, table: str, prefix: str = "", fragment: str = "") -> Iterator[Completion]:
        """Those of a table whose names begin so; `prefix` is written before each."""
        described = self._by_name.get(table.lower())
        if described is None:
            return
        for column in self._vocabulary.columns(self._service, described.name):
            if _plain(column.name).lower().startswith(fragment):
                text = f"{prefix}{_written(column.name)}"
                yield Completion(text, "column", column.unit, column.description)


@dataclass(slots=True)
class _Read:
    """What a query, or its beginning, says of tables.

    Attributes
    ----------
    tables : dict
        By their names and aliases, in lower case.
    aliases : list of str
        As written.
    wants_table : bool
        Whether the next thing is the name of a table.
    """

    tables: dict[str, str] = field(default_factory=dict)
    aliases: list[str] = field(default_factory=list)
    wants_table: bool = False


def _read(adql: str) -> _Read:
    read = _Read()
    in_from, unnamed = False, ""
    for token in _TOKEN.findall(adql):
        word = token.upper()
        is_name = re.match(r'[\w"]', token) is not None and word not in _RESERVED
        if word in ("FROM", "JOIN"):
            read.wants_table, in_from, unnamed = True, True, ""
        elif read.wants_table and is_name:
            unnamed = _plain(token)
            read.tables[unnamed.lower()] = unnamed
            read.wants_table = False
        elif unnamed and is_name:
            read.tables[_plain(token).lower()] = unnamed
            read.aliases.append(token)
            unnamed = ""
        elif in_from and token == ",":  # noqa: S105
            read.wants_table, unnamed = True, ""
        elif not (unnamed and word == "AS") and not token.startswith("--"):
            read.wants_table, in_from, unnamed = False, False, ""
    return read


def _tables(fragment: str, known: _Known) -> Iterator[Completion]:
    """Those whose name, or what is behind its last dot or slash, begins so."""
    wanted = _plain(fragment).lower()
    named, inside = [], []
    for table in known.tables:
        name = _plain(table.name).lower()
        if name.startswith(wanted):
            named.append(table)
        elif name.startswith(wanted, max(name.rfind("."), name.rfind("/")) + 1):
            inside.append(table)
    for table in (*named, *inside):
        yield Completion(_table_written(table), "table", description=table.title or table.description)


def _anything(fragment: str, read: _Read, known: _Known) -> Iterator[Completion]:
    qualifier, dot, rest = _parted(fragment)
    if dot:
        table = _plain(qualifier).lower()
        yield from known.columns(read.tables.get(table, table), f"{qualifier}.", _plain(rest).lower())
    else:
        wanted = _plain(fragment).lower()
        for table in dict.fromkeys(read.tables.values()):
            yield from known.columns(table, fragment=wanted)
        for alias in read.aliases:
            if _plain(alias).lower().startswith(wanted):
                yield Completion(alias, "table alias")
    if fragment:
        yield from _tables(fragment, known)
    if fragment and not dot and '"' not in fragment:
        for word, kind in _WORDS.items():
            if word.startswith(fragment.upper()):
                yield Completion(word.lower() if fragment.islower() else word, kind)


# Names, and how ADQL writes them


def _last_token(before: str) -> str:
    """The token that the cursor is in or behind; empty behind a blank."""
    ends = (token for token in _TOKEN.finditer(before) if token.end() == len(before))
    last = next(ends, None)
    return last.group() if last is not None else ""


def _parted(fragment: str) -> tuple[str, str, str]:
    """What is before the last dot outside quotes, the dot, and what is behind it."""
    dots = [dot.start() for dot in re.finditer(r'\.(?=(?:[^"]*"[^"]*")*[^"]*$)', fragment)]
    if fragment.count('"') % 2:
        opened = fragment.rindex('"')
        dots = [dot for dot in (opened - 1,) if dot >= 0 and fragment[dot] == "."]
    return (fragment[: dots[-1]], ".", fragment[dots[-1] + 1 :]) if dots else ("", "", fragment)


def _plain(name: str) -> str:
    return _DELIMITED.sub(lambda quoted: quoted[1].replace('""', '"'), name)


def _written(name: str) -> str:
    """A name of one part, in quotes if it needs them."""
    if name.startswith('"') or (_REGULAR.fullmatch(name) and name.upper() not in _RESERVED):
        return name
    return _quoted(name)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _table_written(table: TableDescription) -> str:
    """A table's name in quotes, if it needs them and the service has not put it so (TAP 1.1, section 4.2)."""
    name = table.name
    if '"' in name:
        return name
    schema, dot, last = name.rpartition(".")
    if all(_REGULAR.fullmatch(part) for part in name.split(".")):
        return f"{schema}{dot}{_written(last)}"
    # A dot may belong to the name: J/A+A/585/A30/table1.dat.
    head = f"{table.schema_name}."
    if table.schema_name and name.startswith(head):
        return f"{_written(table.schema_name)}.{_written(name.removeprefix(head))}"
    return _quoted(name)


def _within_quotes(text: str) -> str:
    """The same in quotes: for who has opened them."""
    head, dot, last = _parted(text)
    return text if text.endswith('"') else f"{head}{dot}{_quoted(last)}"
