"""The skeleton of a VOTable document: everything but the rows.

Expat does the XML, without entities of the document's own: a DTD that declares any is refused, none is
fetched.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

import pyarrow as pa

from esap_jupyter.errors import BadAnswer
from esap_jupyter.formats.service_text import query_rejected
from esap_jupyter.formats.votable_fields import COOSYS, VOField, unique_names

SERIALIZATIONS = ("TABLEDATA", "BINARY", "BINARY2")
_DEEPEST = 100
_UNREADABLE_START = "The rows of the table begin in a way that cannot be read."
_DESCRIPTOR_PARAMS = {
    "accessURL": "access_url",
    "standardID": "standard_id",
    "resourceIdentifier": "resource_identifier",
}


class NotAVOTable(BadAnswer):
    """The root element is another one."""


@dataclass(slots=True)
class _Resource:
    """A RESOURCE that is being read."""

    kind: str
    is_descriptor: bool
    params: dict[str, str] = field(default_factory=dict)
    inputs: list[dict[str, str]] = field(default_factory=list)


class VOTableDocument:
    """Reads the elements of a VOTable as they arrive.

    The table is the first in a RESOURCE whose type is ``results``, the default (VOTable 1.5, section 3.3).

    Attributes
    ----------
    fields : list of VOField
        Of the table, in order.
    serialization : str
        Of the table's rows, set when they begin; empty while there are none.
    payload_open : bool
        Whether what comes next is the text of the rows.
    table_done : bool
        Whether no row of the table can follow.
    infos : dict
        INFO elements, the value by name; the text where there is no value.
    truncated : bool
        Whether the service said that there is more (DALI 1.1, section 4.4.1: QUERY_STATUS=OVERFLOW).
    message : str
        What the service said with it.
    """

    def __init__(self) -> None:
        self.fields: list[VOField] = []
        self.name = ""
        self.description = ""
        self.infos: dict[str, str] = {}
        self.truncated = False
        self.message = ""
        self.serialization = ""
        self.payload_open = False
        self.table_done = False
        self._in_table = False
        self._systems: dict[str, dict[str, str]] = {}
        self._descriptors: list[_Resource] = []
        self._resources: list[_Resource] = []
        self._path: list[str] = []
        self._info: dict[str, str] = {}
        self._groups: list[str] = []
        self._text: list[str] = []
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.EntityDeclHandler = self._entity
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def feed(self, data: bytes, *, final: bool = False) -> None:
        """Read some more XML, in UTF-8.

        Raises
        ------
        BadAnswer
            If it is not well-formed, declares entities, or is no VOTable.
        QueryRejected
            If the service says QUERY_STATUS=ERROR, in its own words.
        """
        try:
            self._parser.Parse(data, final)
        except expat.ExpatError as error:
            what = expat.ErrorString(error.code)
            raise BadAnswer(f"The answer is not well-formed XML: {what} (line {error.lineno}).") from error

    def schema(self) -> Any:
        """The table's Arrow schema, with what is known so far of the service descriptors."""
        names = unique_names(vofield.name for vofield in self.fields)
        metadata = {"name": self.name, "description": self.description}
        if self._descriptors:
            columns = {
                vofield.id: name for vofield, name in zip(self.fields, names, strict=True) if vofield.id
            }
            described = [_describe(resource, columns) for resource in self._descriptors]
            metadata["esap.descriptors"] = json.dumps(described)
        metadata = {key: value for key, value in metadata.items() if value}
        for vofield in self.fields:
            vofield.metadata |= self._systems.get(vofield.ref, {})
        fields = [vofield.arrow_field(name) for vofield, name in zip(self.fields, names, strict=True)]
        return pa.schema(fields, metadata=metadata or None)

    def _doctype(self, name: str, system_id: str | None, public_id: str | None, internal_subset: int) -> None:  # noqa: ARG002
        # VOTable 1.0 named a DTD, which is harmless; declarations within the document never are needed.
        if internal_subset:
            raise BadAnswer("The answer declares XML entities, which is refused: they can blow up.")

    def _entity(self, *_declaration: Any) -> None:
        raise BadAnswer("The answer declares XML entities, which is refused: they can blow up.")

    def _start(self, qualified: str, attributes: dict[str, str]) -> None:
        name = qualified.rpartition(":")[2]
        if not self._path and name != "VOTABLE":
            raise NotAVOTable(f"The answer is no VOTable but <{qualified}>.")
        if len(self._path) >= _DEEPEST:
            raise BadAnswer("The answer nests its XML elements too deep for a VOTable.")
        parent = self._path[-1] if self._path else ""
        self._path.append(name)
        self._text.clear()
        if name == "COOSYS" and attributes.get("ID"):
            # In a RESOURCE, or as before VOTable 1.2 in DEFINITIONS.
            said = {key: attributes.get(attribute, "").strip() for key, attribute in COOSYS.items()}
            self._systems[attributes["ID"]] = {key: text for key, text in said.items() if text}
        if self._in_table:
            self._start_in_table(name, parent, attributes)
        elif name == "RESOURCE":
            kind = attributes.get("type", "results").lower()
            is_descriptor = attributes.get("utype", "").lower() == "adhoc:service"
            self._resources.append(_Resource(kind, is_descriptor))
        elif name == "TABLE":
            chosen = not self.table_done and bool(self._resources) and self._resources[-1].kind == "results"
            self._in_table = chosen
            if chosen:
                self.name = attributes.get("name", "")
        elif "TABLE" not in self._path:
            self._start_outside_tables(name, attributes)

    def _start_in_table(self, name: str, parent: str, attributes: dict[str, str]) -> None:
        if name == "FIELD":
            self.fields.append(VOField.from_attributes(attributes, len(self.fields) + 1))
        elif name == "VALUES" and parent == "FIELD":
            self.fields[-1].null = attributes.get("null", "").strip()
        elif name == "INFO":
            self._info = attributes
        elif parent == "DATA":
            if name not in SERIALIZATIONS:
                raise BadAnswer(f"The rows are serialised as {name}, which cannot be read.")
            self.serialization = name
            self.payload_open = name == "TABLEDATA"
        elif name == "STREAM":
            if attributes.get("href"):
                raise BadAnswer(f"The rows are not in the answer but at {attributes['href']}.")
            if attributes.get("encoding", "base64").lower() != "base64":
                raise BadAnswer(f"The rows are encoded as {attributes['encoding']}, which cannot be read.")
            self.payload_open = True
        elif self.payload_open:
            raise BadAnswer(_UNREADABLE_START)

    def _start_outside_tables(self, name: str, attributes: dict[str, str]) -> None:
        if name == "INFO":
            self._info = attributes
        elif name == "GROUP":
            self._groups.append(attributes.get("name", ""))
        elif name == "PARAM":
            # Simple Cone Search 1.03, section 2.3: an error may be a PARAM.
            self._report_cone_search_error(attributes.get("name", ""), attributes.get("value", ""))
            if self._resources:
                self._resource_param(self._resources[-1], attributes)

    def _resource_param(self, resource: _Resource, attributes: dict[str, str]) -> None:
        name, value = attributes.get("name", ""), attributes.get("value", "")
        if "inputParams" in self._groups:
            resource.inputs.append({"name": name, "value": value, "ref": attributes.get("ref", "")})
        elif not self._groups:
            resource.params[name] = value

    def _end(self, qualified: str) -> None:
        name = qualified.rpartition(":")[2]
        text = "".join(self._text).strip()
        self._text.clear()
        self._path.pop()
        parent = self._path[-1] if self._path else ""
        if self._in_table:
            self._end_in_table(name, parent, text)
        elif name == "RESOURCE":
            resource = self._resources.pop()
            if resource.is_descriptor:
                self._descriptors.append(resource)
        elif "TABLE" in self._path:
            return
        elif name == "INFO":
            self._end_info(text)
        elif name == "GROUP":
            self._groups.pop()

    def _end_in_table(self, name: str, parent: str, text: str) -> None:
        if name == "TABLE":
            self._in_table = False
            # A TABLE without fields is a reference to another one.
            self.table_done = bool(self.fields)
        elif name == "INFO":
            self._end_info(text)
        elif name in ("TABLEDATA", "STREAM"):
            self.payload_open = False
        elif name == "DESCRIPTION" and parent == "FIELD":
            self.fields[-1].metadata["description"] = " ".join(text.split())
        elif name == "DESCRIPTION" and parent == "TABLE":
            self.description = " ".join(text.split())

    def _end_info(self, text: str) -> None:
        name = self._info.get("name", "")
        value = self._info.get("value", "")
        self.infos[name] = value or text
        self._report_cone_search_error(name, value or text)
        if name.upper() != "QUERY_STATUS":
            return
        status = value.strip().upper()
        if status == "ERROR":
            raise query_rejected(text)
        if status == "OVERFLOW":
            self.truncated = True
            self.message = text

    def _report_cone_search_error(self, name: str, message: str) -> None:
        if name.lower() == "error" and message:
            raise query_rejected(message)

    def _characters(self, text: str) -> None:
        if self._path and self._path[-1] in ("DESCRIPTION", "INFO"):
            self._text.append(text)
        elif self.payload_open and text.strip():
            raise BadAnswer(_UNREADABLE_START)


def _describe(resource: _Resource, columns: dict[str, str]) -> dict[str, Any]:
    """A service descriptor (DataLink 1.1, section 4) as JSON, its references to FIELDs as column names."""
    described: dict[str, Any] = {
        key: resource.params.get(name, "") for name, key in _DESCRIPTOR_PARAMS.items()
    }
    described["params"] = [
        {"name": param["name"], "value": param["value"], "column": columns.get(param["ref"], "")}
        for param in resource.inputs
    ]
    return described
