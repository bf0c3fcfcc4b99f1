"""Following a job with files to its end."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from esap_jupyter.face import staged


class _Jobs:
    """One job, which never ends by itself."""

    def __init__(self) -> None:
        self.cancelled: list[str] = []
        self.begun = asyncio.Event()

    async def watch(self, _: str) -> AsyncIterator[Any]:
        self.begun.set()
        await asyncio.Event().wait()
        yield

    async def cancel(self, job: str) -> None:
        self.cancelled.append(job)

    async def wait(self, _: str) -> None:
        pass


@pytest.mark.parametrize("title", ["Staging", "Upload"])
async def test_what_is_stopped_is_called_what_it_was(monkeypatch: pytest.MonkeyPatch, title: str) -> None:
    jobs = _Jobs()

    async def gateway() -> Any:
        return SimpleNamespace(jobs=jobs)

    monkeypatch.setattr(staged, "gateway", gateway)
    following = asyncio.ensure_future(staged.follow("abc", title, lambda _: None))
    await jobs.begun.wait()
    following.cancel()

    with pytest.raises(asyncio.CancelledError, match=f"The {title.lower()} was stopped"):
        await following
    assert jobs.cancelled == ["abc"]
