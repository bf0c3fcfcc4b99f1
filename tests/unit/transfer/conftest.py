import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from esap_jupyter.transfer import download as download_module
from esap_jupyter.transfer.access import Access
from esap_jupyter.transfer.download import Download
from tests.services.storage_stand_in import StorageStandIn, StoredFile

SIZE = 3_000_000
"""More than the size from which a part gets a sidecar."""


@pytest.fixture
def storage() -> Iterator[StorageStandIn]:
    with StorageStandIn() as serving:
        yield serving


@pytest.fixture
def mirror() -> Iterator[StorageStandIn]:
    with StorageStandIn() as serving:
        yield serving


@pytest.fixture
def image(storage: StorageStandIn) -> StoredFile:
    """A large file of the storage, known to be unchanged by its ETag."""
    return storage.put("image.fits", random.Random(1).randbytes(SIZE), etag='"one"')


@pytest.fixture(autouse=True)
def no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_module, "BACKOFF_SECONDS", (0.0, 0.0, 0.01))


class Downloads:
    """Makes the downloads of a test: into one directory, allowed at the storages of the test."""

    def __init__(self, directory: Path, *storages: StorageStandIn) -> None:
        self.directory = directory
        self.access = Access(named_origins=frozenset(storage.origin for storage in storages))
        self.asked: list[str] = []

    async def authorize(self, url: str) -> Mapping[str, str]:
        self.asked.append(url)
        return {}

    def __call__(
        self,
        *urls: str,
        name: str = "image.fits",
        of: StoredFile | None = None,
        size: int | None = None,
        checksums: Mapping[str, str] | None = None,
    ) -> Download:
        """One file; size and adler32 are those of `of`, unless given."""
        if of is not None:
            size = len(of.content) if size is None else size
            checksums = {"adler32": of.adler32} if checksums is None else checksums
        return Download(
            urls=urls,
            target=self.directory / name,
            size=size,
            checksums=checksums or {},
            access=self.access,
            authorize=self.authorize,
        )


@pytest.fixture
def downloads(tmp_path: Path, storage: StorageStandIn, mirror: StorageStandIn) -> Downloads:
    return Downloads(tmp_path, storage, mirror)
