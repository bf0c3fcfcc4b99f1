"""Where a replica is on an RSE that is mounted here."""

from pathlib import Path

import pytest

from esap_jupyter.connectors.rucio.rules import mounted_path

MOUNT = Path("/data/site")


@pytest.mark.parametrize(
    ("pfn", "prefix", "path"),
    [
        ("https://host:443/rucio/user/jdoe/ab/cd/a.fits", "/rucio", "user/jdoe/ab/cd/a.fits"),
        ("https://host:443/rucio/a%20b", "/rucio/", "a b"),
        ("davs://host/pool/rucio/a.fits", "//pool/rucio", "a.fits"),
        ("root://host:1094//rucio/a.fits", "//rucio", "a.fits"),
        ("file://localhost/mnt/site/a.fits", "/mnt/site", "a.fits"),
    ],
)
def test_below_the_mount(pfn, prefix, path):
    assert mounted_path([pfn], MOUNT, [prefix]) == MOUNT / path


@pytest.mark.parametrize("pfn", ["https://host/elsewhere/a", "https://host/rucio/../../etc/passwd", ""])
def test_nothing_that_leads_elsewhere(pfn):
    assert mounted_path([pfn], MOUNT, ["/rucio"]) is None
