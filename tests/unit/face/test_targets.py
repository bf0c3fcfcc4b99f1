"""Targets as people have them, before anybody is asked."""

from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import QTable

from esap_jupyter.errors import InputError
from esap_jupyter.face.targets import listed_targets, query_fields
from esap_jupyter.models import Position, Target

HERE = Position(ra=10, dec=-5)


@pytest.mark.parametrize(
    "target",
    [
        SkyCoord([1, np.nan], [2, 3], unit="deg"),
        [SkyCoord(1, 2, unit="deg"), SkyCoord(np.nan, np.nan, unit="deg")],
        [{"ra": 1, "dec": 2}, {"ra": np.nan, "dec": 2}],
    ],
    ids=["SkyCoord", "list", "dicts"],
)
async def test_a_target_that_is_nowhere_is_named(target: Any) -> None:
    with pytest.raises(InputError, match="Target 1"):
        await query_fields(target)


async def test_one_that_is_nowhere_is_said() -> None:
    with pytest.raises(InputError, match="no position"):
        await query_fields(SkyCoord(np.nan, np.nan, unit="deg"))


async def test_a_dict_is_one_target_and_one_of_columns_is_many() -> None:
    assert await query_fields({"ra": 10, "dec": -5}) == {"position": HERE}
    assert await query_fields({"name": "mine", "ra": 10, "dec": -5}) == {
        "targets": (Target(name="mine", position=HERE),)
    }
    assert await query_fields({"ra": [10.0], "dec": [-5.0]}) == {"targets": (Target(position=HERE),)}
    assert await query_fields(QTable({"ra": [10.0], "dec": [-5.0]})) == {"targets": (Target(position=HERE),)}
    assert listed_targets({"ra": 10, "dec": -5}) == (Target(position=HERE),)
    assert listed_targets(Target(name="M 51")) == (Target(name="M 51"),)


@pytest.mark.parametrize("target", [5, {"ra": 10}, {"ra": 10, "dec": 95}, [5], object()])
async def test_what_is_no_target_is_a_clear_error(target: Any) -> None:
    with pytest.raises(InputError, match=r"[Tt]arget"):
        await query_fields(target)
