"""A container that searches and stages with a token that the hub exchanged, at a real Rucio."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli_w

from tests.services.docker_hub import ContainerServer
from tests.services.processes import ServiceFailed
from tests.services.rucio_containers import RucioForContainers
from tests.services.rucio_xrootd import RucioXRootD


@pytest.fixture(scope="module")
def lake(
    alice: ContainerServer, rucio_xrootd: RucioXRootD, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RucioForContainers]:
    """A Rucio that the site's `esap.toml` offers."""
    rucio = RucioForContainers(tmp_path_factory.mktemp("rucio"), rucio_xrootd, alice.site.provider)
    try:
        rucio.start()
        offered = alice.site.directory / "esap"
        shutil.copy(rucio.certificate, offered / "rucio.pem")
        (offered / "esap.toml").write_text(tomli_w.dumps({"services": rucio.services}))
        yield rucio
    finally:
        rucio.stop()


def test_a_container_searches_and_stages_with_its_exchanged_token(
    alice: ContainerServer, lake: RucioForContainers
) -> None:
    dataset = lake.add_files(3, 100_000)
    scope, _, name = dataset.partition(":")
    alice.run("esap", "search", "--product", "dids", "--keyword", f"{dataset}*", "--out", "found.csv")
    assert f"{name}.00002" in alice.run("cat", "found.csv")
    alice.run("esap", "basket", "add-did", dataset)
    alice.run("esap", "stage", "--directory", "lake")
    staged = alice.run("find", "lake", "-name", f"{name}.0000?", "-type", "f").split()
    assert len(staged) == 3
    for path in staged:
        original = lake.rucio.storage_path("XRD1", scope, Path(path).name)
        digest = hashlib.sha256(original.read_bytes()).hexdigest()
        assert alice.run("sha256sum", path).split()[0] == digest


def test_a_file_that_the_storage_spoiled_is_not_staged(
    alice: ContainerServer, lake: RucioForContainers
) -> None:
    scope, _, name = lake.add_files(1, 10_000).partition(":")
    lake.rucio.corrupt("XRD1", scope, f"{name}.00000")
    alice.run("esap", "basket", "clear")
    alice.run("esap", "basket", "add-did", f"{scope}:{name}")
    with pytest.raises(ServiceFailed, match="The replica is damaged"):
        alice.run("esap", "stage", "--directory", "spoiled")
