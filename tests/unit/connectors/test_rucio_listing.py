"""What a person writes to find DIDs, and what Rucio is asked."""

from __future__ import annotations

import pytest

from esap_jupyter.connectors.rucio.listing import asked, parse_did, pattern_of
from esap_jupyter.connectors.rucio.rows import SCHEMA, batch_of
from esap_jupyter.errors import InputError
from esap_jupyter.models import DID, DIDName, Query


def test_a_did_has_a_scope_and_a_name():
    assert parse_did(" mc:a/b:c ") == DIDName(scope="mc", name="a/b:c")
    assert parse_did(DIDName(scope="mc", name="a")) == DIDName(scope="mc", name="a")


@pytest.mark.parametrize("text", ["", "mc", "mc:", ":a", "mc:..", ".:a", "..:a"])
def test_what_is_no_did_is_refused_with_how_one_is_written(text):
    with pytest.raises(InputError, match=r"is no DID\. A DID is written scope:name"):
        parse_did(text)


def test_a_pattern_is_not_one_did():
    with pytest.raises(InputError, match="pattern"):
        parse_did("mc:a*")


@pytest.mark.parametrize(
    ("filters", "alternatives"),
    [
        ("", [{"name": "a*"}]),
        ("length>3", [{"length.gt": "3", "name": "a*"}]),
        ("datatype=RAW,run_number>=10", [{"datatype": "RAW", "run_number.gte": "10", "name": "a*"}]),
        ("a=1;b!=2", [{"a": "1", "name": "a*"}, {"b.ne": "2", "name": "a*"}]),
        ("3<length<5", [{"length.gt": "3", "length.lt": "5", "name": "a*"}]),
    ],
)
def test_filters_are_rucios_own(filters, alternatives):
    assert list(pattern_of("mc", "a*", filters=filters).filters) == alternatives


@pytest.mark.parametrize("filters", ["length", "a=1,a=2", "1==a<2", "=3"])
def test_filters_that_mean_nothing_are_refused_before_rucio_is_asked(filters):
    with pytest.raises(InputError, match="is no metadata filter") as raised:
        pattern_of("mc", filters=filters)
    assert raised.value.field == "filters"


@pytest.mark.parametrize(
    ("keyword", "form", "scope", "name"),
    [
        ("mc:a*", {}, "mc", "a*"),
        ("mc:", {}, "mc", "*"),
        ("a*", {"scope": "mc"}, "mc", "a*"),
        ("mc:a*", {"scope": "other", "name": "b"}, "mc", "a*"),
        ("", {"scope": "mc"}, "mc", "*"),
        ("a*", {}, "", "a*"),
        ("a*", {"band": "B"}, "", "a*"),
    ],
)
def test_the_keyword_goes_before_the_form(keyword, form, scope, name):
    pattern = asked(Query(product="dids", keyword=keyword, parameters=form or {"type": "all"}))
    assert (pattern.scope, pattern.filters) == (scope, ({"name": name},))


def test_dids_are_not_found_by_position():
    with pytest.raises(InputError, match="by name, not by position"):
        asked(Query(product="dids", target="M 31"))


def test_a_value_that_the_form_does_not_know_names_its_field():
    with pytest.raises(InputError) as raised:
        asked(Query(product="dids", keyword="mc:*", parameters={"type": "folder"}))
    assert raised.value.field == "type"


def test_the_table_says_what_its_columns_are():
    batch = batch_of([DID(scope="mc", name="a", type="FILE", bytes=7)])
    assert batch.to_pylist() == [{"scope": "mc", "name": "a", "type": "FILE", "bytes": 7, "length": None}]
    assert SCHEMA.field("bytes").metadata[b"unit"] == b"byte"
    assert all(field.metadata[b"description"] and field.metadata[b"ucd"] for field in SCHEMA)
    assert batch_of([]).schema == SCHEMA
