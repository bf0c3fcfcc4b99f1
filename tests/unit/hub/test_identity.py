"""Names and groups of people, as identity providers have them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esap_jupyter.hub.identity import foreign_namespaces, groups_of, safe_username


@pytest.mark.parametrize("name", ["alice", "bob.b", "u-1_2", "0042"])
def test_a_plain_name_stays(name: str) -> None:
    assert safe_username(name) == name


@given(st.text(min_size=1).filter(str.strip))
def test_any_name_becomes_one_that_is_safe_in_paths(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,62}", safe_username(name))


@given(st.text(min_size=1).filter(str.strip), st.text(min_size=1).filter(str.strip))
def test_two_people_never_share_a_name(one: str, other: str) -> None:
    assert (safe_username(one) == safe_username(other)) == (one == other)


@pytest.mark.parametrize("name", ["Carol@Example.org", "../../etc", "alice\n", "ÅSA"])
def test_nobody_can_take_the_name_made_for_another(name: str) -> None:
    assert safe_username(safe_username(name)) != safe_username(name)


@pytest.mark.parametrize("name", ["", "  "])
def test_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no user name"):
        safe_username(name)


def test_groups_are_found_in_each_claim() -> None:
    assert groups_of({"groups": ["escape", "/escape/lofar"]}) == {"/escape", "/escape/lofar"}
    assert groups_of({"wlcg.groups": ["/dteam"]}) == {"/dteam"}
    entitlements = [
        "urn:geant:escape:group:lofar#aai.example.org",
        "urn:mace:egi.eu:group:vo.example.org:sub:role=member#aai.egi.eu",
        "urn:mace:egi.eu:group:vo.example.org:role=vm_operator#aai.egi.eu",
        "urn:geant:example.org:res:something#aai.example.org",
    ]
    claims = {"eduperson_entitlement": entitlements}
    namespaces = ["urn:geant:escape", "urn:mace:egi.eu"]
    assert groups_of(claims, namespaces=namespaces) == {
        "/lofar",
        "/vo.example.org/sub",
        "/vo.example.org",
        "/vo.example.org:vm_operator",
    }


def test_groups_that_somebody_else_says_are_not_taken() -> None:
    entitlements = [
        "urn:mace:egi.eu:group:escape:admins#aai.egi.eu",
        "urn:geant:elsewhere:group:escape:operators#aai.elsewhere.org",
        "urn:mace:egi.eu.elsewhere.org:group:operators#aai.egi.eu",
    ]
    claims = {"eduperson_entitlement": entitlements}
    assert groups_of(claims, namespaces=["urn:mace:egi.eu"]) == {"/escape/admins"}
    assert groups_of(claims) == set()
    assert foreign_namespaces(claims, ["urn:mace:egi.eu"]) == {
        "urn:geant:elsewhere",
        "urn:mace:egi.eu.elsewhere.org",
    }


@pytest.mark.parametrize("value", [None, [], "", "/", [None, 3, {}, ""]])
def test_what_is_no_group_is_none(value: object) -> None:
    assert groups_of({"groups": value}) == set()


def test_only_the_claims_named_count() -> None:
    assert groups_of({"groups": ["a"], "wlcg.groups": ["b"]}, ["wlcg.groups"]) == {"/b"}
