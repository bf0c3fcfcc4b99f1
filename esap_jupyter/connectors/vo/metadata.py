"""What a TAP service says of itself: limits (VOSI), tables (VOSI, TAP_SCHEMA), examples (DALI)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeVar
from urllib.parse import quote, urljoin
from xml.etree.ElementTree import Element

from pydantic import BaseModel, TypeAdapter
from pyvo.dal.tap import TAPQuery, escape

from esap_jupyter.connectors.base import Context
from esap_jupyter.connectors.dali import ALL_ROWS, get_document, host_of, read_table, send
from esap_jupyter.errors import BadAnswer, NotFound, ServiceError, ServiceFailed
from esap_jupyter.models import ColumnDescription, TableDescription

T = TypeVar("T")

_DAY = 86_400.0
_EXAMPLE_PAGES = 10


class TapLimits(BaseModel):
    """Of a TAP capability (TAPRegExt 1.0, section 2.4).

    Attributes
    ----------
    hard_rows : int, optional
        The most rows that the service sends.
    languages : tuple of str
        ``ADQL 2.0`` and so on.
    """

    hard_rows: int | None = None
    languages: tuple[str, ...] = ()


class TapMetadata:
    """Reads and caches it; the methods block.

    Parameters
    ----------
    url : str
        Base URL of the TAP service.
    context : Context
        How to reach it, and where to cache.
    """

    def __init__(self, url: str, context: Context) -> None:
        self._url = url
        self._context = context

    def limits(self) -> TapLimits:
        """What the service says in its capabilities; nothing if it has none."""
        return self._cached("capabilities", TypeAdapter(TapLimits), self.read_limits)

    def read_limits(self) -> TapLimits:
        """Ask for the capabilities, not the cache."""
        root = self._document("capabilities", "capabilities")
        for capability in root.iter():
            if capability.get("standardID", "").lower().startswith("ivo://ivoa.net/std/tap"):
                hard = capability.find("{*}outputLimit/{*}hard")
                rows = hard is not None and hard.get("unit", "row") == "row" and _count(_text(hard))
                languages = tuple(
                    f"{_text(language, 'name')} {_text(version)}".strip()
                    for language in capability.iterfind("{*}language")
                    for version in language.iterfind("{*}version")
                )
                return TapLimits(hard_rows=rows or None, languages=languages)
        raise BadAnswer(f"{host_of(self._url)} does not say in its capabilities that it is a TAP service.")

    def availability(self) -> None:
        """Ask whether the service is up (VOSI 1.1, section 4).

        Raises
        ------
        ServiceFailed
            If it says that it is not.
        """
        root = self._document("availability", "availability")
        if _text(root, "available").lower() == "false":
            note = _text(root, "note") or "it gives no reason"
            raise ServiceFailed(
                f"{host_of(self._url)} says that it is not available: {note}.", hint="Try again later."
            )

    def tables(self) -> list[TableDescription]:
        """Every table; without columns, unless the service sends them unasked."""
        return self._cached("tables", TypeAdapter(list[TableDescription]), self._read_tables)

    def table(self, name: str) -> TableDescription:
        """One table with its columns.

        Raises
        ------
        NotFound
            If there is no such table.
        """
        return self._cached(f"table {name}", TypeAdapter(TableDescription), lambda: self._read_table(name))

    def examples(self) -> list[tuple[str, str]]:
        """The service's own example queries (DALI 1.1, section 2.3), (title, ADQL)."""
        return self._cached("examples", TypeAdapter(list[tuple[str, str]]), self._read_examples)

    def _cached(self, what: str, adapter: TypeAdapter[T], read: Callable[[], T]) -> T:
        key = f"vo {self._url} {what}"
        kept = self._context.cache.get(key)
        if kept is not None:
            return adapter.validate_json(kept)
        value = read()
        self._context.cache.put(key, adapter.dump_json(value), seconds=_DAY)
        return value

    def _document(self, resource: str, *roots: str, parameters: dict[str, str] | None = None) -> Element:
        session = self._context.access.session(self._context.calls.deadline)
        return get_document(session, f"{self._url}/{resource}", *roots, parameters=parameters)

    def _query(self, adql: str) -> list[dict[str, object]]:
        session = self._context.access.session(self._context.calls.deadline)
        return read_table(send(TAPQuery(self._url, adql, maxrec=ALL_ROWS, session=session)))

    def _read_tables(self) -> list[TableDescription]:
        try:
            root = self._document("tables", "tableset", parameters={"detail": "min"})
        except (NotFound, BadAnswer, ServiceFailed):
            return self._tables_of_schema()
        return list(_tables_in(root))

    def _tables_of_schema(self) -> list[TableDescription]:
        rows = self._query("SELECT schema_name, table_name, description FROM TAP_SCHEMA.tables")
        return [
            TableDescription(
                name=_word(row["table_name"]),
                schema_name=_word(row["schema_name"]),
                description=_word(row["description"]),
            )
            for row in rows
        ]

    def _read_table(self, name: str) -> TableDescription:
        try:
            # The name is one segment of the path (VOSI 1.1, section 5.2), quotes and slashes included.
            found = list(_tables_in(self._document(f"tables/{quote(name, safe='')}", "table", "tableset")))
        except (NotFound, ServiceError):
            return self._table_of_schema(name)
        for table in found:
            if table.columns:
                return table
        return self._table_of_schema(name)

    def _table_of_schema(self, name: str) -> TableDescription:
        bare = name.strip('"')
        names = ", ".join(f"'{escape(spelling)}'" for spelling in {name, bare, f'"{bare}"', bare.lower()})
        rows = self._query(
            "SELECT column_name, datatype, unit, ucd, utype, description, indexed"  # noqa: S608 - ADQL, escaped
            f" FROM TAP_SCHEMA.columns WHERE table_name IN ({names})"
        )
        if not rows:
            raise NotFound(
                f"{host_of(self._url)} has no table {name}.", hint="The names are listed by `tables`."
            )
        columns = tuple(
            ColumnDescription(
                name=_word(row["column_name"]),
                datatype=_word(row["datatype"]),
                unit=_word(row["unit"]),
                ucd=_word(row["ucd"]),
                utype=_word(row["utype"]),
                description=_word(row["description"]),
                indexed=bool(row["indexed"]),
            )
            for row in rows
        )
        return TableDescription(name=name, schema_name=bare.partition(".")[0], columns=columns)

    def _read_examples(self) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        pages = [f"{self._url}/examples"]
        for page in pages:
            session = self._context.access.session(self._context.calls.deadline)
            try:
                root = get_document(session, page)
            except (NotFound, BadAnswer, ServiceFailed):
                continue
            for element in root.iter():
                if element.get("typeof") == "example":
                    adql = _property(element, "query")
                    if adql:
                        found.append((_property(element, "name") or "Example", adql))
                elif element.get("property") == "continuation" and len(pages) < _EXAMPLE_PAGES:
                    pages.append(urljoin(page, element.get("href", "")))
        return found


def _tables_in(root: Element) -> Iterator[TableDescription]:
    """Read a tableset or a single table (VODataService 1.2, section 3.5)."""
    if root.tag.rpartition("}")[2] == "table":
        yield _table(root, "")
        return
    for schema in root.iter():
        if schema.tag.rpartition("}")[2] == "schema":
            name = _text(schema, "name")
            for table in schema.iterfind("{*}table"):
                yield _table(table, name)


def _table(element: Element, schema_name: str) -> TableDescription:
    columns = tuple(_column(column) for column in element.iterfind("{*}column"))
    rows = _text(element, "nrows")
    return TableDescription(
        name=_text(element, "name"),
        schema_name=schema_name,
        title=_text(element, "title"),
        description=_text(element, "description"),
        rows=_count(rows),
        columns=columns or None,
    )


def _column(element: Element) -> ColumnDescription:
    datatype = element.find("{*}dataType")
    size = "" if datatype is None else datatype.get("arraysize") or datatype.get("size") or ""
    return ColumnDescription(
        name=_text(element, "name"),
        datatype=f"{_text(datatype)}({size})" if size not in ("", "1") else _text(datatype),
        unit=_text(element, "unit"),
        ucd=_text(element, "ucd"),
        utype=_text(element, "utype"),
        xtype="" if datatype is None else datatype.get("extendedType") or "",
        description=_text(element, "description"),
        indexed=any(_text(flag) in {"indexed", "primary"} for flag in element.iterfind("{*}flag")),
    )


def _count(text: str) -> int | None:
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None


def _text(element: Element | None, child: str = "") -> str:
    if element is None:
        return ""
    text = element.findtext(f"{{*}}{child}") if child else element.text
    return " ".join((text or "").split())


def _property(example: Element, name: str) -> str:
    """Text of the RDFa property, its line breaks kept."""
    for element in example.iter():
        if element.get("property") == name:
            return "".join(element.itertext()).strip()
    return ""


def _word(value: object) -> str:
    return "" if value is None else str(value).strip()
