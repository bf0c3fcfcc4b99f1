"""Where a DID's files go, and in which order their replicas are tried."""

from __future__ import annotations

import pytest

from esap_jupyter.connectors.rucio.files import ListedFile, Paths, ordered_replicas, safe_path, with_replicas


@pytest.mark.parametrize(
    ("names", "path"),
    [
        (("run1", "a.fits"), "run1/a.fits"),
        (("run1", "/deep/in/a.fits"), "run1/deep/in/a.fits"),
        (("run1", "../../etc/passwd"), "run1/__/__/etc/passwd"),
        (("..", "a"), "__/a"),
        (("run1", "a/./b//c"), "run1/a/b/c"),
        (("run1", "a\x00b\nc\u202ed"), "run1/a_b_c_d"),
        (("run1", "..\\a"), "run1/.._a"),
        (("/", "."), "_"),
        (("réseau", "ü.fits"), "réseau/ü.fits"),
        (("run1", "\ud800"), "run1/?"),
    ],
)
def test_a_path_stays_where_it_belongs(names, path):
    assert safe_path(*names) == path


def test_a_name_too_long_for_a_file_system_is_shortened_and_stays_its_own():
    first, second = safe_path("x" * 300 + "1"), safe_path("x" * 300 + "2")
    assert len(first) < 255
    assert first != second


def test_files_of_one_name_get_paths_of_their_own():
    paths = Paths()
    assert paths.take("run1", "mc", "a.fits") == "run1/a.fits"
    assert paths.take("run1", "data", "a.fits") == "run1/data/a.fits"
    assert paths.take("run2", "data", "a.fits") == "run2/a.fits"


def test_a_file_that_two_items_hold_in_the_same_place_is_there_once():
    paths = Paths()
    assert paths.take("run1", "mc", "a.fits") == paths.take("run1", "mc", "a.fits")


def replica(rse: str, priority: int, **about: object) -> dict[str, object]:
    return {"rse": rse, "priority": priority, "type": "DISK", "client_extract": False, **about}


def test_replicas_are_https_and_in_rucios_order():
    found = ordered_replicas(
        {
            "davs://b.example:1094/rucio/a": replica("B", 2),
            "https://a.example:443/rucio/a": replica("A", 1),
            "root://c.example:1095//rucio/a": replica("C", 3),
        },
        (),
    )
    assert [(each.url, each.rse) for each in found] == [
        ("https://a.example:443/rucio/a", "A"),
        ("https://b.example:1094/rucio/a", "B"),
        ("root://c.example:1095//rucio/a", "C"),
    ]


def test_the_preferred_rse_is_read_first_and_tape_last():
    pfns = {
        "https://tape/a": replica("TAPE", 1, type="TAPE"),
        "https://far/a": replica("FAR", 2),
        "https://near/a": replica("NEAR", 3),
    }
    assert [each.rse for each in ordered_replicas(pfns, ("NEAR",))] == ["NEAR", "FAR", "TAPE"]


def test_plain_http_comes_after_https():
    pfns = {"http://a/a": replica("A", 1), "https://b/a": replica("B", 2)}
    assert [each.rse for each in ordered_replicas(pfns, ())] == ["B", "A"]


def test_an_archive_is_not_downloaded_in_place_of_the_file_in_it():
    pfns = {
        "https://a/archive.zip?xrdcl.unzip=a": replica("A", 1, client_extract=True),
        "root://a//archive.zip?xrdcl.unzip=a": replica("A", 2),
    }
    assert [each.url for each in ordered_replicas(pfns, ())] == ["root://a//archive.zip?xrdcl.unzip=a"]


@pytest.mark.parametrize("pfn", ["file:///data/a", "magnet:?xt=x", "https://[bad/a", "javascript:alert(1)"])
def test_an_address_that_nothing_here_reads_is_left_out(pfn):
    assert ordered_replicas({pfn: replica("A", 1)}, ()) == ()


class Replicas:
    """Answers `list_replicas` from a table of PFNs by scheme."""

    def __init__(self, **by_scheme: dict[str, dict[str, object]]) -> None:
        self.by_scheme = by_scheme
        self.asked: list[list[str]] = []

    def list_replicas(self, dids, *, schemes, ignore_availability):
        assert not ignore_availability
        self.asked.append([did["name"] for did in dids])
        for did in dids:
            pfns = {
                f"{scheme}://storage/{did['name']}": replica("A", 1)
                for scheme in schemes
                if did["name"] in self.by_scheme.get(scheme, {})
            }
            yield {**did, "bytes": 7, "adler32": "AB12", "md5": None, "pfns": pfns}


def listed(*names: str) -> list[ListedFile]:
    return [ListedFile("item", name, "mc", name, None, "") for name in names]


def test_other_protocols_are_asked_for_only_where_http_has_nothing():
    client = Replicas(https={"a": {}}, root={"a": {}, "b": {}})
    files = with_replicas(client, "lake", listed("a", "b", "c"), ())
    assert client.asked == [["a", "b", "c"], ["b", "c"]]
    assert [[each.url for each in file.replicas] for file in files] == [
        ["https://storage/a"],
        ["root://storage/b"],
        [],
    ]


def test_checksums_are_lower_case_and_have_their_leading_zeros():
    (file,) = with_replicas(Replicas(https={"a": {}}), "lake", listed("a"), ())
    assert (file.checksums, file.size) == ({"adler32": "0000ab12"}, 7)
