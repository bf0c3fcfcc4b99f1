"""What goes on without a request counts as activity of the server."""

from __future__ import annotations

from datetime import UTC, datetime

from esap_jupyter.handlers.activity import Activity
from tests.services.jupyter_server import until


async def test_work_counts_and_its_end_too() -> None:
    times: dict[str, datetime] = {}
    began = datetime.now(UTC)
    works = True

    async def working() -> bool:
        if not works:
            raise OSError("the kernel manager is away")
        return works

    activity = Activity(times, working)
    activity.start()

    async def noted() -> bool:
        return "esap" in times

    await until(noted)
    assert times["esap"] >= began
    works = False
    await activity.close()


async def test_a_kernel_that_computes_counts(jp_serverapp, monkeypatch) -> None:
    extension = next(iter(jp_serverapp.extension_manager.extension_apps["esap_jupyter"]))
    assert not await extension._working()
    kernels = [{"id": "1", "execution_state": "idle"}, {"id": "2", "execution_state": "busy"}]
    monkeypatch.setattr(jp_serverapp.kernel_manager, "list_kernels", lambda: kernels)
    assert await extension._working()
