"""The magics in a real kernel: what Tab offers, the progress of a staging, and stopping it."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

PATIENCE = 90


class Kernel:
    """A kernel of one's own, to be asked one thing after the other."""

    def __init__(self, client: BlockingKernelClient, interrupt: Callable[[], None]) -> None:
        self.client = client
        self.interrupt = interrupt

    def run(
        self, code: str, on_output: Callable[[dict[str, Any]], None] | None = None
    ) -> list[dict[str, Any]]:
        """Execute a cell; returns the messages that it published."""
        request = self.client.execute(code)
        published = []
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                message = self.client.get_iopub_msg(timeout=1)
            except Empty:
                continue
            if message["parent_header"].get("msg_id") != request:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return published
            published.append(message)
            if on_output:
                on_output(message)
        raise AssertionError(f"{code!r} did not end")

    def complete(self, code: str) -> tuple[list[str], str]:
        """What Tab offers at the ¦, and the text that it would replace."""
        before, after = code.split("¦")
        self.client.complete(before + after, len(before))
        content = self.client.get_shell_msg(timeout=PATIENCE)["content"]
        return content["matches"], (before + after)[content["cursor_start"] : content["cursor_end"]]

    def completes(self, code: str, wanted: str) -> list[str]:
        """Press Tab until the wanted one is offered: what is not known yet is asked for meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            matches, _ = self.complete(code)
            if wanted in matches:
                return matches
            time.sleep(0.05)
        raise AssertionError(f"{wanted} was never offered, but {matches}")


def _drained(client: BlockingKernelClient) -> BlockingKernelClient:
    client.wait_for_ready(timeout=PATIENCE)
    return client


@pytest.fixture
def kernel(demo_config: Path) -> Iterator[Kernel]:
    yield from _kernel()


@pytest.fixture
def lake_kernel(rucio_xrootd: Any, esap_config: Callable[..., Path]) -> Iterator[Kernel]:
    esap_config(rucio_xrootd.services)
    yield from _kernel()


def _kernel() -> Iterator[Kernel]:
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        kernel = Kernel(_drained(client), manager.interrupt_kernel)
        kernel.run("%load_ext esap_jupyter")
        _shell_replies(client)
        yield kernel
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _shell_replies(client: BlockingKernelClient) -> None:
    """Take the replies that nobody waits for, so that the next one is the one asked for."""
    while True:
        try:
            client.get_shell_msg(timeout=0.2)
        except Empty:
            return


def test_tab_knows_services_tables_and_columns(kernel: Kernel) -> None:
    assert kernel.completes("%%adql demo¦", "demo-archive") == ["demo-archive"]
    kernel.completes("%%adql demo-archive\nSELECT * FROM demo.s¦", "demo.sources")
    offered = kernel.completes("%%adql demo-archive\nSELECT par¦ FROM demo.sources", "parallax")
    assert offered[:2] == ["parallax", "parallax_error"]
    kernel.completes("%%adql demo-archive\nSELECT s.pm¦\nFROM demo.sources AS s", "s.pmra")
    kernel.completes("%%adql demo-archive\nSELECT demo.sources.b¦ FROM demo.sources", "demo.sources.bp_rp")

    assert kernel.complete("%%adql demo-archive\nSELECT s.pm¦ FROM demo.sources s")[1] == "s.pm"
    assert "WHERE" in kernel.complete("%%adql demo-archive\nSELECT * FROM demo.sources WH¦")[0]
    assert "--limit" in kernel.complete("%%adql demo-archive --l¦\nSELECT 1")[0]


def test_tab_asks_the_default_service_if_none_is_named(kernel: Kernel) -> None:
    kernel.completes("%%adql\nSELECT * FROM demo.¦", "demo.messier")


def test_tab_offers_variables_within_braces(kernel: Kernel) -> None:
    kernel.run("my_limit = 5")
    _shell_replies(kernel.client)

    assert kernel.complete("%%adql\nSELECT * FROM t WHERE a > {my_l¦}")[0] == ["my_limit"]


def test_tab_completes_the_line_magic_and_leaves_python_alone(kernel: Kernel) -> None:
    assert "stage" in kernel.complete("%esap st¦")[0]
    assert "demo" not in kernel.complete("%esap de¦")[0]
    assert "images" in kernel.complete("%esap search 'M 51' -p im¦")[0]
    assert "import" in kernel.complete("imp¦")[0]


def test_tab_answers_at_once_while_a_service_hangs(kernel: Kernel) -> None:
    # A service that never answers, made in the kernel: Tab must not wait for it.
    kernel.run(
        "import asyncio\n"
        "from esap_jupyter.face import verbs\n"
        "async def hang(*_): await asyncio.Event().wait()\n"
        "verbs.tables = hang"
    )
    _shell_replies(kernel.client)

    matches, _ = kernel.complete("%%adql demo-archive\nSEL¦")

    assert "SELECT" in matches


def test_a_list_of_targets_shows_how_far_it_is(kernel: Kernel, tmp_path: Path) -> None:
    targets = tmp_path / "targets.txt"
    targets.write_text("M 51\nM 42\n")

    messages = kernel.run(f"%esap search --targets {targets} -s demo-archive")

    shown = [
        message["content"]["data"] for message in messages if message["msg_type"].endswith("display_data")
    ]
    assert "2/2 targets" in shown[-1]["text/plain"]


def test_staging_shows_a_bar_that_stays_as_text(kernel: Kernel) -> None:
    kernel.run("%esap basket add-did demo:M51")

    messages = kernel.run("%esap stage")

    shown = [message for message in messages if message["msg_type"].endswith("display_data")]
    assert {message["msg_type"] for message in shown} == {"display_data", "update_display_data"}
    assert len({message["content"]["transient"]["display_id"] for message in shown}) == 1
    last = shown[-1]["content"]["data"]
    assert last["text/plain"].startswith("Staging: ended, ")
    assert "files" in last["text/plain"]
    assert "files" in last["text/html"]
    assert not [message for message in messages if message["msg_type"] == "error"]


def test_an_interrupt_stops_a_staging_and_says_how_to_go_on(lake_kernel: Kernel, rucio_xrootd: Any) -> None:
    dataset = rucio_xrootd.add_files(1, 1_000_000_000)
    lake_kernel.run(f"%esap basket add-did {dataset}")
    interrupted: list[bool] = []

    def interrupt_once_it_moves(message: dict[str, Any]) -> None:
        moves = (
            message["msg_type"] == "update_display_data" and "MB" in message["content"]["data"]["text/plain"]
        )
        if moves and not interrupted:
            interrupted.append(True)
            lake_kernel.interrupt()

    messages = lake_kernel.run("%esap stage", interrupt_once_it_moves)

    error = next(message["content"] for message in messages if message["msg_type"] == "error")
    said = "\n".join(error["traceback"])
    assert interrupted
    assert "The staging was stopped. esap.jobs.resume(" in said
    assert "Traceback" not in said
    assert "stopped" in messages[-2]["content"].get("data", {}).get("text/plain", "stopped")
    resumed = lake_kernel.run(
        "import esap_jupyter as esap; print(esap.jobs.resume(esap.jobs.list()[0].id).phase)"
    )
    assert "COMPLETED" in "".join(m["content"].get("text", "") for m in resumed)
