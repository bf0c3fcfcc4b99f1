"""Over HTTP: services of the registry, lists of targets, and fields of query forms."""

import pytest

IVOID = "ivo://archive.test/stars"


@pytest.fixture
def services() -> dict:
    registered = {IVOID: {"scs": "https://archive.test/scs"}}
    return {
        "one": {"batches": [2]},
        "archive": {"connector": "vo", "sia2": "https://archive.test/sia2"},
        "our-registry": {"offers": ["registry"], "registered": registered},
    }


async def test_a_record_and_the_form_of_a_registered_service(ask) -> None:
    record = await ask("GET", "registry/record", ivoid=IVOID)
    assert record.json["title"] == f"Title of {IVOID}"
    form = await ask("GET", f"services/{IVOID.replace('/', '%2F').replace(':', '%3A')}/form")
    assert form.json["properties"]["collection"]["products"] == ["images", "spectra", "observations"]
    unknown = await ask("GET", "registry/record", ivoid="ivo://archive.test/nothing")
    assert (unknown.status, unknown.json["code"]) == (404, "unknown-name")


async def test_a_list_is_read_and_asked_for(ask, ended) -> None:
    read = await ask("POST", "targets", json={"text": "name,ra,dec\nx,1,2\ny,3,4\n"})
    targets = read.json["targets"]
    assert [target["name"] for target in targets] == ["x", "y"]
    started = await ask("POST", "searches", json={"targets": targets, "services": ["one"]})
    state = await ended(started.json["id"])
    [report] = state["reports"]
    assert (report["rows"], report["targets"], report["targets_done"]) == (4, 2, 2)
    assert state["query"]["targets"] == targets


async def test_a_file_that_the_file_browser_shows(ask, jp_root_dir) -> None:
    (jp_root_dir / "list.txt").write_text("10 +10\n20 +20\n")
    read = await ask("POST", "targets", json={"path": "list.txt"})
    assert len(read.json["targets"]) == 2
    outside = await ask("POST", "targets", json={"path": "../list.txt"})
    assert outside.json["code"] == "outside-workspace"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"text": "10 +10\n10 +99\n"}, "Line 2"),
        ({"text": "a", "path": "b"}, "either"),
        ({}, "either"),
        ({"path": "missing.txt"}, "cannot be read"),
    ],
)
async def test_what_is_wrong_with_a_list(ask, given, told) -> None:
    answer = await ask("POST", "targets", json=given)
    assert answer.status == 400
    assert told in answer.json["message"]


async def test_a_value_that_does_not_fit_names_its_field(ask, ended) -> None:
    place = {"ra": 1.0, "dec": 2.0}
    started = await ask(
        "POST",
        "searches",
        json={
            "position": place,
            "product": "images",
            "services": ["archive", "one"],
            "parameters": {"calib_level": 7},
        },
    )
    state = await ended(started.json["id"])
    assert state["error"]["field"] == "parameters.calib_level"
