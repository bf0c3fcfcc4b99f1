"""What does not fit is told: which field, and why."""

import pytest

QUERY = {"target": "M 51"}

WRONG_BODIES = [
    ("searches", {}, ""),
    ("searches", {"target": "M 51", "sql": "DROP"}, "sql"),
    ("searches", {"target": 5}, "target"),
    ("searches", {**QUERY, "services": "one"}, "services"),
    ("searches", {**QUERY, "services": [1]}, "services.0"),
    ("searches", {**QUERY, "product": "planets"}, "product"),
    ("searches", {**QUERY, "position": {"ra": 400, "dec": 0}}, "position.ra"),
    ("searches", {**QUERY, "position": {"ra": 1, "dec": -91}}, "position.dec"),
    ("searches", {**QUERY, "position": {"ra": 1, "dec": 0, "z": 1}}, "position.z"),
    ("searches", {**QUERY, "radius": "1"}, "radius"),
    ("searches", {**QUERY, "radius": 0}, "radius"),
    ("searches", {**QUERY, "keyword": None}, "keyword"),
    ("searches", {**QUERY, "row_limit": 0}, "row_limit"),
    ("searches", {**QUERY, "row_limit": "5"}, "row_limit"),
    ("searches", {**QUERY, "all_rows": 1}, "all_rows"),
    ("searches", {**QUERY, "parameters": []}, "parameters"),
    ("queries", {"adql": "SELECT 1"}, "service"),
    ("queries", {"service": "one"}, "adql"),
    ("queries", {"service": "one", "adql": "  "}, "adql"),
    ("queries", {"service": "one", "adql": "SELECT 1", "mode": "fast"}, "mode"),
    ("queries", {"service": "one", "adql": "SELECT 1", "uploads": {"a b": {}}}, "uploads.a b.[key]"),
    ("queries", {"service": "one", "adql": "SELECT 1", "uploads": {"a": {}}}, "uploads.a"),
    ("queries", {"service": "one", "adql": "SELECT 1", "uploads": {"a": {"path": "../x.vot"}}}, "uploads.a"),
    ("saved-queries", {"name": "", "query": QUERY}, "name"),
    ("saved-queries", {"name": "mine", "query": {}}, "query"),
    ("saved-queries", {"query": QUERY}, "name"),
    ("basket/rows", {"rows": [1]}, "table"),
    ("basket/rows", {"table": "0123456789ab", "rows": ["1"]}, "rows.0"),
    ("basket/rows", {"table": "0123456789ab", "rows_of": {"one": ["1"]}}, "rows_of.one.0"),
    ("basket/rows", {"table": "0123456789ab", "rows": [1], "rows_of": {"one": [1]}}, ""),
    ("basket/dids", {"service": "lake", "dids": []}, "dids"),
    ("basket/dids", {"service": "lake", "dids": "a:b"}, "dids"),
    ("basket/files", {"service": "one", "url": "no url"}, "url"),
    ("basket/files", {"service": "one", "url": "https://x.test/1", "size": -1}, "size"),
    ("basket/remove", {}, "ids"),
    ("stagings", {"files_at_once": 0}, "files_at_once"),
    ("stagings", {"items": ["x"], "directory": "/etc"}, "directory"),
    ("stagings", {"items": []}, "items"),
    ("tables/0123456789ab/save", {}, "path"),
    ("tables/0123456789ab/save", {"path": "../out.vot"}, "directory"),
    ("tables/0123456789ab/save", {"path": "a.vot", "table": "x"}, "table"),
    ("tables/0123456789ab/save", {"path": "a.vot", "conditions": [{"column": "x", "operator": ";"}]},
     "conditions.0.operator"),
]  # fmt: skip

WRONG_QUERY_STRINGS = [
    ("services", {"check": "perhaps"}, "check"),
    ("services", {"checks": "true"}, "checks"),
    ("resolve", {}, "target"),
    ("resolve", {"target": ""}, "target"),
    ("resolve", {"target": "400 +10"}, "target"),
    ("registry", {"limit": "0"}, "limit"),
    ("history", {"limit": "many"}, "limit"),
    ("searches/0123456789ab", {"since": "now"}, "since"),
    ("tables/0123456789ab/rows", {"offset": "-1"}, "offset"),
    ("tables/0123456789ab/rows", {"limit": "10001"}, "limit"),
    ("tables/0123456789ab/rows", {"conditions": "["}, "conditions"),
    ("tables/0123456789ab/rows", {"conditions": '[{"column": "x"}]'}, "conditions.0.operator"),
    ("tables/0123456789ab/rows", {"order": '[{"column": "x", "by": 1}]'}, "order.0.by"),
    ("tables/0123456789ab/rows", {"table": "x"}, "table"),
    ("tables/0123456789ab/statistics", {}, "column"),
    ("tables/0123456789ab/histogram", {"column": "x", "bins": "0"}, "bins"),
    ("datalakes/lake/dids", {}, "scope"),
    ("datalakes/lake/dids", {"scope": "s", "kind": "planet"}, "kind"),
    ("datalakes/lake/dids", {"scope": "s", "limit": "0"}, "limit"),
    ("datalakes/lake/did", {"did": "noscope"}, "did"),
    ("jobs", {"since": "x"}, "since"),
]


async def test_wrong_bodies(ask) -> None:
    for path, body, field in WRONG_BODIES:
        answer = await ask("POST", path, json=body)
        assert (answer.status, answer.json["field"]) == (400, field), (path, body, answer.json)
        assert answer.json["code"] in ("input", "outside-workspace")
        assert answer.json["message"]
        assert not answer.json["retryable"]


async def test_wrong_query_strings(ask) -> None:
    for path, parameters, field in WRONG_QUERY_STRINGS:
        answer = await ask("GET", path, **parameters)
        assert (answer.status, answer.json["field"]) == (400, field), (path, parameters, answer.json)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ('"x"', "not a JSON object"),
        (b"\xff\xfe{", "not JSON"),
    ],
)
async def test_bodies_that_are_no_objects(ask, body, message) -> None:
    answer = await ask("POST", "searches", body=body)

    assert answer.status == 400
    assert message in answer.json["message"]


async def test_fields_are_where_they_belong(ask) -> None:
    in_query = await ask("POST", "searches", json=QUERY, radius="1")
    twice = await ask("GET", "resolve", target=["a", "b"])

    assert (in_query.status, in_query.json["field"]) == (400, "radius")
    assert (twice.status, twice.json["field"]) == (400, "target")


UNKNOWN = [
    ("GET", "services/nobody/check", "unknown-name"),
    ("GET", "services/nobody/form", "unknown-name"),
    ("GET", "services/nobody/tables", "unknown-name"),
    ("GET", "services/one/tables/partner.letters", "not-found"),
    ("GET", "searches/0123456789ab", "not-found"),
    ("POST", "searches/0123456789ab/cancel", "not-found"),
    ("GET", "tables/0123456789ab", "not-found"),
    ("GET", "tables/..%2Fx", "not-found"),
    ("GET", "tables/0123456789ab/rows", "not-found"),
    ("DELETE", "tables/0123456789ab", "not-found"),
    ("PUT", "tables/0123456789ab/pin", "not-found"),
    ("DELETE", "tables/0123456789ab/pin", "not-found"),
    ("GET", "jobs/nothing", "not-found"),
    ("POST", "jobs/nothing/cancel", "not-found"),
    ("POST", "jobs/nothing/resume", "not-found"),
    ("POST", "jobs/nothing/rerun", "not-found"),
    ("DELETE", "jobs/nothing", "not-found"),
    ("DELETE", "saved-queries/7", "not-found"),
    ("GET", "datalakes/nobody/scopes", "unknown-name"),
]


async def test_what_is_not_there(ask) -> None:
    for method, path, code in UNKNOWN:
        answer = await ask(method, path)
        assert (answer.status, answer.json["code"]) == (404, code), (path, answer.json)


async def test_wrong_part_of_the_path(ask) -> None:
    answer = await ask("PUT", "saved-queries/first", json={"name": "mine", "query": QUERY})

    assert (answer.status, answer.json["field"]) == (400, "saved")


async def test_service_that_cannot_do_it(ask) -> None:
    answer = await ask("GET", "datalakes/one/scopes")

    assert (answer.status, answer.json["code"], answer.json["service"]) == (422, "not-offered", "one")
