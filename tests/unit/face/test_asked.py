"""What people pass to the verbs: of the wrong kind it is said in words."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from esap_jupyter.errors import InputError
from esap_jupyter.face import bringing, verbs
from esap_jupyter.face.asked import degrees, items_of, names_of, paths_of, words_of
from esap_jupyter.face.background import directly
from esap_jupyter.face.basket import Basket
from esap_jupyter.models import Item, Provenance

ITEM = Item(
    service="one",
    kind="url",
    locator="https://one.test/1",
    provenance=Provenance(service="one", retrieved_at="2026-01-01T00:00:00Z"),
)


@pytest.mark.parametrize("radius", [0.25, np.float32(0.25), "15 arcmin", np.float64(0.25)])
def test_a_radius_of_any_kind_of_number(radius: Any) -> None:
    assert degrees(radius) == pytest.approx(0.25)
    assert degrees(np.int64(2)) == 2


@pytest.mark.parametrize("radius", [True, [], object(), "wide"])
def test_what_is_no_radius(radius: Any) -> None:
    with pytest.raises(InputError, match="angle"):
        degrees(radius)


def test_one_name_or_several() -> None:
    assert names_of("gaia") == names_of(["gaia"]) == ("gaia",)
    assert names_of("") == names_of(()) == ()
    for wrong in (5, [5], None):
        with pytest.raises(InputError, match="no name of a service"):
            names_of(wrong)  # type: ignore[arg-type]


def test_one_keyword_or_several() -> None:
    assert words_of(" radio  quasars ") == words_of(["radio", "quasars"]) == ["radio", "quasars"]
    assert words_of("") == words_of(()) == []


@pytest.mark.parametrize("wrong", [5, [5], None, ["radio", None]])
async def test_what_is_no_keyword_and_no_id_is_said(wrong: Any) -> None:
    with pytest.raises(InputError, match="is no keyword"):
        await verbs.find_services(wrong)
    with pytest.raises(InputError, match="is no id of a table"):
        await verbs.table(wrong)


def test_one_item_or_several() -> None:
    assert items_of(ITEM) == items_of([ITEM]) == items_of(iter([ITEM])) == [ITEM]
    assert items_of("abc", or_ids=True) == ["abc"]
    assert items_of([ITEM, "abc"], or_ids=True) == [ITEM, "abc"]


@pytest.mark.parametrize("given", ["demo:M51", ["demo:M51"], pd.DataFrame({"a": [1]}), 5, [None], [[ITEM]]])
async def test_what_is_no_item_is_said(given: Any) -> None:
    with pytest.raises(InputError, match="is no item"):
        await Basket(directly).add(given)


@pytest.mark.parametrize("given", [pd.DataFrame({"a": [1]}), 5, [5]])
async def test_what_can_be_neither_staged_nor_taken_out_is_said(given: Any) -> None:
    for deed in (bringing.stage, Basket(directly).remove):
        with pytest.raises(InputError, match="is no item"):
            await deed(given)


def test_one_path_or_several() -> None:
    here = Path.cwd()
    assert paths_of("a") == paths_of(Path("a")) == paths_of(["a"]) == [here / "a"]
    for wrong in (5, [5], None):
        with pytest.raises(InputError, match="no path"):
            paths_of(wrong)


async def test_other_words_are_refused() -> None:
    with pytest.raises(InputError, match="'foo'"):
        await verbs.adql("SELECT 1", "one", mode="foo")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="dict"):
        await verbs.search("10 20", parameters="band=B")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="place on the sky"):
        await verbs.resolve(5)  # type: ignore[arg-type]
