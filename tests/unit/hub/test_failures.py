"""What Docker says, in words for a person."""

from __future__ import annotations

import pytest
from docker.errors import APIError, NotFound
from requests import Response

from esap_jupyter.hub.facilities.engine import failure_of
from esap_jupyter.hub.failures import OUT_OF_MEMORY, ended


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NotFound("404", explanation="No such image: esap/user:9"), "image"),
        (
            APIError("500", Response(), "Get https://registry: dial tcp: lookup registry: no such host"),
            "image",
        ),
        (APIError("500", Response(), "pull access denied for esap/user"), "image"),
        (APIError("500", Response(), "write /var/lib/docker/x: no space left on device"), "no-room"),
        (APIError("500", Response(), "all predefined address pools have been fully subnetted"), "no-room"),
        (APIError("500", Response(), "something else"), None),
        (ValueError("a fault"), None),
    ],
)
def test_errors_of_docker(error: Exception, reason: str | None) -> None:
    failure = failure_of(error, "esap/user:9")
    assert (failure and failure.reason) == reason


def test_a_container_that_took_too_much_memory() -> None:
    assert ended("ExitCode=137, Error='', FinishedAt=2026-11-22") is OUT_OF_MEMORY
    assert ended("ExitCode=1, Error='', FinishedAt=2026-11-22").reason == "ended"
