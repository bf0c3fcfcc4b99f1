"""Panels in a kernel's loop, without a front end, on services of a partner's connector."""

import asyncio
import contextlib

import numpy as np
import pyarrow as pa
import pytest

from esap_jupyter.face import background
from esap_jupyter.gateway import Gateway
from esap_jupyter.models import ServiceReport
from esap_jupyter.storage.tables import TableStore


@pytest.fixture
def gateway_of(make_config, partner_package, monkeypatch):
    """Have the faces of this process use a gateway over these services."""
    background.close()

    def use(services):
        gateway = Gateway(make_config(services))
        monkeypatch.setattr(background._background(), "_gateway", gateway)
        return gateway

    yield use
    background.close()


@pytest.fixture
def keep():
    """Close panels at the end."""
    with contextlib.ExitStack() as stack:

        def kept(panel):
            stack.callback(panel.close)
            return panel

        yield kept


@pytest.fixture
def table(tmp_path):
    """A table of 1000 rows whose magnitudes fall."""
    writer = TableStore(tmp_path / "tables", 10**9).create(None, "Stars")
    count = 1000
    fields = [
        pa.field("id", pa.int64()),
        pa.field("mag", pa.float64(), metadata={b"unit": b"mag"}),
        pa.field("name", pa.string()),
    ]
    columns = [
        pa.array(np.arange(count)),
        pa.array(20 - np.arange(count) / 100),
        pa.array([f"star <b>{number}</b>" for number in range(count)]),
    ]
    writer.append("archive", pa.record_batch(columns, schema=pa.schema(fields)))
    writer.report(ServiceReport(service="archive", state="complete", rows=count))
    writer.finish()
    return writer.table.refresh()


@pytest.fixture
def until():
    """Wait, in the loop, until something is so."""

    async def wait(true, seconds=20.0):
        async with asyncio.timeout(seconds):
            while not true():  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.02)

    return wait
