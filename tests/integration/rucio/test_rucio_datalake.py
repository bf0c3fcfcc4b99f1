"""Each verb of the data lake against a real Rucio."""

from __future__ import annotations

import pytest

from esap_jupyter.connectors.base import Notice
from esap_jupyter.errors import InputError, NotAllowed, NotFound
from esap_jupyter.models import Query

pytestmark = pytest.mark.xrootd


async def everything(stream) -> list:
    return [each async for each in stream]


async def test_it_answers(lake):
    assert (await lake.check()).endswith(", as jdoe")


async def test_who_and_where(lake, filled):
    account = await lake.whoami()
    assert (account.name, account.type) == ("jdoe", "USER")
    assert {"test", filled.scope} <= set(await lake.scopes())


async def test_a_site_may_offer_some_scopes_only(connect):
    assert await connect(scopes=["test"]).scopes() == ["test"]


# DIDs


async def test_more_than_a_thousand_dids_are_not_cut(lake, filled):
    dids = await everything(lake.dids(filled.scope, kind="file"))
    assert len({did.name for did in dids}) == len(dids) == filled.count + 1
    assert {did.type for did in dids} == {"FILE"}


async def test_wildcards(lake, filled):
    names = [did.name for did in await everything(lake.dids(filled.scope, "frame0001*.fits"))]
    assert sorted(names) == [f"frame0001{n}.fits" for n in range(10)]


async def test_nothing_found_is_just_nothing(lake, filled):
    assert await everything(lake.dids(filled.scope, "nothing*")) == []
    assert await everything(lake.dids("no-such-scope")) == []


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("dataset", {"many", "few", "empty"}),
        ("container", {"inner", "side", "outer"}),
        ("collection", {"many", "few", "empty", "inner", "side", "outer"}),
    ],
)
async def test_kinds(lake, filled, kind, names):
    assert {did.name for did in await everything(lake.dids(filled.scope, kind=kind))} == names


@pytest.mark.parametrize(
    ("filters", "kind", "names"),
    [
        ("datatype=RAW", "all", {"frame00007.fits"}),
        ("run_number>=7,run_number<8", "all", {"frame00007.fits"}),
        ("bytes>2202", "all", {"frame01203.fits", "frame01204.fits"}),
        ("datatype=RAW;bytes=1", "file", {"frame00007.fits", "posix.dat"}),
        ("created_at>=2001-01-01T00:00:00", "container", {"inner", "side", "outer"}),
        ("created_at<2001-01-01T00:00:00", "all", set()),
        ("instrument=WFC", "all", {"frame00009.fits", "many"}),
        ("instrument=WFC", "dataset", {"many"}),
        ("nights>4", "all", {"frame00009.fits"}),
        ("nights>4;nights<4", "all", {"frame00009.fits", "many"}),
    ],
)
async def test_metadata_filters(lake, filled, filters, kind, names):
    dids = await everything(lake.dids(filled.scope, filters=filters, kind=kind))
    assert {did.name for did in dids} == names
    assert all(did.type != "UNKNOWN" for did in dids)


async def test_a_filter_that_no_plugin_knows_is_the_persons_mistake(lake, filled):
    with pytest.raises(InputError, match="do not all belong to the same metadata plugin"):
        await everything(lake.dids(filled.scope, filters="nights>4,datatype=RAW"))


async def test_one_did(lake, filled):
    file = await lake.did(filled.did("frame00007.fits"))
    assert (file.type, file.bytes, file.adler32, file.md5) == ("FILE", 1007, "00000007", f"{7:032x}")
    dataset = await lake.did(filled.did("many"))
    assert (dataset.type, dataset.length, dataset.bytes) == (
        "DATASET",
        filled.count,
        sum(range(1000, 1000 + filled.count)),
    )


async def test_metadata_is_rucios_own_and_the_custom_ones(lake, filled):
    metadata = await lake.metadata(filled.did("frame00009.fits"))
    assert (metadata["did_type"], metadata["bytes"]) == ("FILE", 1009)
    assert (metadata["instrument"], metadata["nights"]) == ("WFC", 5)
    assert str(metadata["created_at"]).endswith("+00:00")


async def test_content(lake, filled):
    assert [did.name for did in await everything(lake.content(filled.did("inner")))] == ["many"]
    files = await everything(lake.content(filled.did("many")))
    assert len(files) == filled.count
    assert await everything(lake.content(filled.did("empty"))) == []


@pytest.mark.parametrize("verb", ["did", "metadata", "rules"])
async def test_an_unknown_did_is_said_to_be_unknown(lake, filled, verb):
    with pytest.raises(NotFound, match=r"nothing.* not found") as raised:
        await getattr(lake, verb)(filled.did("nothing"))
    assert "pattern" in raised.value.hint


async def test_an_unknown_did_has_neither_content_nor_replicas(lake, filled):
    with pytest.raises(NotFound):
        await everything(lake.content(filled.did("nothing")))
    with pytest.raises(NotFound, match="does not know"):
        await everything(lake.replicas([filled.did("few"), filled.did("nothing")]))


# Replicas, RSEs, rules, quotas


async def test_replicas_of_files_and_of_datasets(lake, filled):
    first = await everything(lake.replicas([filled.did("frame00000.fits")]))
    assert [(each.rse, each.state) for each in first] == [("XRD1", "AVAILABLE"), ("XRD2", "AVAILABLE")]
    assert all(each.urls and each.adler32 == "00000000" for each in first)
    assert len(await everything(lake.replicas([filled.did("many")]))) == filled.count + 1


async def test_rses(lake):
    assert {"XRD1", "XRD2", "POSIX1"} <= {rse.name for rse in await lake.rses()}
    (selected,) = await lake.rses("XRD1")
    assert (selected.type, selected.availability["read"]) == ("DISK", True)
    assert "fts" in (await lake.rse("XRD1")).attributes
    with pytest.raises(NotFound):
        await lake.rse("NOWHERE")
    with pytest.raises(InputError, match="parentheses"):
        await lake.rses("((XRD1")


async def test_quotas(lake):
    usage = {each.rse: each for each in await lake.usage()}
    assert usage["XRD1"].account == "jdoe"
    assert usage["XRD1"].limit is not None
    with pytest.raises(NotAllowed, match="jdoe can not list account usage"):
        await lake.usage("root")


async def test_rules(lake, filled, rucio_xrootd):
    made = rucio_xrootd.rest(
        "POST", "/rules/",
        {"dids": [{"scope": filled.scope, "name": "few"}], "copies": 1, "rse_expression": "XRD1",
         "lifetime": 600, "account": "root"},
    ).json()  # fmt: skip
    found = {rule.id: rule for rule in await lake.rules(filled.did("few"))}
    rule = found[made[0]]
    assert (rule.account, rule.rse_expression, rule.copies) == ("root", "XRD1", 1)
    assert rule.expires_at > rule.created_at
    assert (await lake.rule(rule.id)).id == rule.id
    assert isinstance(await lake.rules(), list)
    with pytest.raises(NotFound):
        await lake.rule("0" * 32)


# Searching


async def searched(lake, **query) -> tuple[list[dict], list[Notice]]:
    found = await everything(lake.search(Query(product="dids", **query)))
    notices = [each for each in found if isinstance(each, Notice)]
    return [row for each in found if not isinstance(each, Notice) for row in each.to_pylist()], notices


async def test_a_search_finds_all_of_it(lake, filled):
    rows, notices = await searched(lake, keyword=f"{filled.scope}:frame*", row_limit=None)
    assert (len(rows), notices) == (filled.count, [])


async def test_a_search_that_is_cut_says_so(lake, filled):
    rows, notices = await searched(lake, keyword=f"{filled.scope}:frame*", row_limit=700)
    assert (len(rows), [notice.kind for notice in notices]) == (700, ["truncated"])


async def test_a_search_over_scopes_by_metadata(lake, filled):
    form = {"scope": f"{filled.scope[:-1]}*", "filters": "datatype=RAW", "type": "file"}
    rows, _ = await searched(lake, parameters=form)
    assert [(row["scope"], row["name"], row["bytes"]) for row in rows] == [
        (filled.scope, "frame00007.fits", 1007)
    ]
